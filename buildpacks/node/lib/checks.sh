# Which package manager owns the packages, and what can be refused or warned of from files alone, before anything is downloaded.

# Sets manager (npm, yarn, pnpm, bun), lockfile and lock_format ('' without one).
check_lockfiles() {
  local file owner last='' owners=() files=() all=() others=() keep
  for file in npm-shrinkwrap.json package-lock.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb; do
    [ -f "$build_dir/$file" ] || continue
    all+=("$file")
    # npm's two and bun's two are one manager's; each itself prefers the first.
    owner_of "$file"
    [ "$last" = "$owner" ] && continue
    last=$owner
    owners+=("$owner")
    files+=("$file")
  done
  if [ ${#files[@]} -gt 1 ]; then
    keep=${package_manager%%@*}
    [[ " ${owners[*]} " == *" $keep "* ]] || keep=${owners[0]}
    for file in "${all[@]}"; do
      owner_of "$file"
      [ "$owner" = "$keep" ] || others+=("$file")
    done
    two_managers "${files[0]}" "${files[1]}" "$keep" "${others[*]}"
  fi
  lockfile=${files[0]} manager=${owners[0]}
  if [ -n "$package_manager" ] && [ -n "$manager" ] && [ "${package_manager%%@*}" != "$manager" ]; then
    two_managers "$lockfile" "\"packageManager\": \"$package_manager\"" "${package_manager%%@*}" "${all[*]}"
  fi
  [[ -z $manager && -z $package_manager && $engine_managers == *' '* ]] &&
    fail 'E5 two-lockfiles' "Found ${engine_managers% *} and ${engine_managers##* } in engines; only one package manager can own the dependencies. Keep one in package.json, or commit its lockfile."
  manager=${manager:-${package_manager%%@*}}
  manager=${manager:-${engine_managers:-npm}}
}

# owner_of <lockfile>: sets owner, the package manager whose it is.
owner_of() {
  case $1 in
    yarn.lock) owner=yarn ;;
    pnpm-lock.yaml) owner=pnpm ;;
    bun.lock | bun.lockb) owner=bun ;;
    *) owner=npm ;;
  esac
}

two_managers() {
  fail 'E5 two-lockfiles' "Found $1 and $2; only one package manager can own the dependencies. Keep one. To keep $3: git rm $4 && git commit -m \"Use $3 only\"."
}

check_manager() {
  local expected
  case $manager in
    npm) expected=package-lock.json ;;
    yarn) expected=yarn.lock ;;
    pnpm) expected=pnpm-lock.yaml ;;
    bun) expected=bun.lock ;;
    *) fail 'E8 bad-engine' "packageManager is \"$package_manager\": there is no such package manager here; there are npm, yarn, pnpm and bun. Set for example \"npm@11.19.1\"." ;;
  esac
  read_lock_format
  pnpm_workspace
  [ -n "$lockfile" ] || [ "$has_dependencies" = false ] ||
    warn 'No lockfile: versions are chosen anew in each build, so this release may differ from what you tested.' \
      "Run $manager install, commit $expected."
}

# Sets lock_format: what decides which versions of a manager can read the lockfile.
read_lock_format() {
  local line lines
  lock_format=''
  case $lockfile in yarn.lock | pnpm-lock.yaml) ;; *) return ;; esac
  mapfile -n 20 lines <"$build_dir/$lockfile"
  for line in "${lines[@]}"; do
    if [[ $line == '# yarn lockfile v1'* ]]; then
      lock_format=v1
    elif [[ $line =~ ^lockfileVersion:\ *[\'\"]?([0-9.]+) || $line =~ ^\ +version:\ *([0-9]+) ]]; then
      lock_format=${BASH_REMATCH[1]}
    else
      continue
    fi
    return
  done
}

# pnpm names its workspaces in a file of its own, which may hold nothing but settings, too.
pnpm_workspace() {
  local file=$build_dir/pnpm-workspace.yaml text
  [ "$manager" = pnpm ] && [ -f "$file" ] || return 0
  text=$(<"$file")
  [[ $'\n'$text != *$'\n'packages:* ]] || has_workspaces=true
}
