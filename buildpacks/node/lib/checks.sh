# What can be refused or warned of from files alone, before anything is downloaded.

# Sets manager and lockfile ('' without one).
check_lockfiles() {
  local file owner owners=() files=() others=() keep
  for file in npm-shrinkwrap.json package-lock.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb; do
    [ -f "$build_dir/$file" ] || continue
    # npm's two are one manager's; npm itself prefers the first.
    owner_of "$file"
    [ "${owners[0]}" = "$owner" ] && continue
    owners+=("$owner")
    files+=("$file")
  done
  if [ ${#files[@]} -gt 1 ]; then
    keep=${package_manager%%@*}
    [[ " ${owners[*]} " == *" $keep "* ]] || keep=${owners[0]}
    for file in "${files[@]}"; do
      owner_of "$file"
      [ "$owner" = "$keep" ] || others+=("$file")
    done
    two_managers "${files[0]}" "${files[1]}" "$keep" "${others[*]}"
  fi
  lockfile=${files[0]} manager=${owners[0]}
  if [ -n "$package_manager" ] && [ -n "$manager" ] && [ "${package_manager%%@*}" != "$manager" ]; then
    two_managers "$lockfile" "\"packageManager\": \"$package_manager\"" "${package_manager%%@*}" "$lockfile"
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
  [ "$manager" = npm ] ||
    fail 'E8 unsupported-manager' "This app's packages belong to $manager${lockfile:+ ($lockfile)}, which this platform cannot install yet; it can npm. To use npm: ${lockfile:+git rm $lockfile && }npm install && git add package-lock.json && git commit -m \"Use npm\"."
  [ -n "$lockfile" ] || [ "$has_dependencies" = false ] ||
    warn 'No lockfile: versions are chosen anew in each build, so this release may differ from what you tested.' \
      'Run npm install, commit package-lock.json.'
}
