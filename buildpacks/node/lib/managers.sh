# Package managers other than npm: which version, from the registry or from the cache, into the slug below .heroku/<name>.

# Sets manager_wanted, a version or a range, and where it stands; '' where the app says nothing.
wanted_manager() {
  local engine=engine_$manager
  manager_wanted=${!engine} manager_where=engines.$manager
  if [[ $package_manager == "$manager"@* ]]; then
    manager_wanted=${package_manager#*@} manager_where=packageManager
    # What corepack adds, a checksum of its own; ours is the registry's.
    manager_wanted=${manager_wanted%%+*}
  fi
}

# Sets manager_version. The default is the newest that leaves the lockfile as it is.
choose_manager() {
  wanted_manager
  default_manager
  if [[ $manager_wanted =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
    manager_version=$manager_wanted
  elif [ -z "$manager_wanted" ] || manager_range_allows "$manager_default"; then
    manager_version=$manager_default
  else
    newest_manager
  fi
  check_lock_format
}

default_manager() {
  case $manager-$lock_format in
    pnpm-5*) manager_default=7.33.7 ;;
    pnpm-6*) manager_default=8.15.9 ;;
    pnpm-*) manager_default=10.34.9 ;;
    yarn-v1) manager_default=1.22.22 ;;
    yarn-[1-7]) manager_default=3.8.7 ;;
    yarn-8) manager_default=4.13.0 ;;
    yarn-9) manager_default=4.14.1 ;;
    yarn-) if [ -f "$build_dir/.yarnrc.yml" ]; then manager_default=4.18.1; else manager_default=1.22.22; fi ;;
    yarn-*) manager_default=4.18.1 ;;
    bun-*) manager_default=1.4.5 ;;
  esac
}

manager_range_allows() {
  case $(semver --arg range "$manager_wanted" --arg version "$1" 'include "semver"; $range | if valid then (. as $r | matches($r; $version)) else "invalid" end') in
    true) ;;
    invalid) bad_manager 'that is not a version range' ;;
    *) return 1 ;;
  esac
}

# The major of the default comes first: a bare ">=8" must not jump to one that cannot read the lockfile.
newest_manager() {
  local list=/tmp/manager-versions.json package
  manager_package "$manager_default"
  if [ "$manager" = yarn ]; then
    # The first number of the range is the major: those from 2 on are another package.
    if [[ $manager_wanted =~ ^[^0-9]*1([^0-9]|$) ]]; then package=yarn; else package=@yarnpkg/cli-dist; fi
  fi
  # pnpm's executables do not have the versions before them.
  [ "$manager" != pnpm ] || package=pnpm
  get_from_any "${package/\//%2f}" "$list" || {
    local status=$?
    [ -n "$cached_manager" ] || unreachable $status
    manager_version=$cached_manager
    return
  }
  manager_version=$(semver --arg range "$manager_wanted" --argjson major "${manager_default%%.*}" --slurpfile list "$list" \
    'include "semver"; newest($range; $list[0].versions | keys; [$major]) // ""')
  [ -n "$manager_version" ] || bad_manager 'no version matches'
}

bad_manager() {
  fail 'E8 bad-engine' "$manager_where is \"${manager_wanted}\": $1. Set for example \"packageManager\": \"$manager@$manager_default\"."
}

# What a version is known not to read, or to rewrite, is refused before it is downloaded.
check_lock_format() {
  local major=${manager_version%%.*} why=''
  case $manager-$lock_format in
    pnpm-5*) [ "$major" -le 7 ] || why=yes ;;
    pnpm-9* | pnpm-[1-9][0-9]*) [ "$major" -ge 9 ] || why=yes ;;
    yarn-v1) [ "$major" -eq 1 ] || why=yes ;;
    yarn-[0-9]*) [ "$major" -ne 1 ] || why=yes ;;
  esac
  [ -z "$why" ] || lockfile_not_readable
}

lockfile_not_readable() {
  fail 'E8 bad-engine' "$manager $manager_version cannot read $lockfile version ${lock_format#v}. Set \"packageManager\": \"$manager@$manager_default\", or run $manager install with $manager $manager_version and commit $lockfile."
}

# manager_package <version>: sets package, where the registry has that version.
manager_package() {
  local baseline=''
  package=$manager
  case $manager in
    yarn) [ "${1%%.*}" -eq 1 ] || package=@yarnpkg/cli-dist ;;
    pnpm) [ "${1%%.*}" -lt 12 ] || package=@pnpm/exe.linux-$(architecture) ;;
    bun)
      [ "$(architecture)" != x64 ] || grep -q -m 1 -w avx2 /proc/cpuinfo || baseline=-baseline
      case $(architecture) in x64) package=@oven/bun-linux-x64$baseline ;; *) package=@oven/bun-linux-aarch64 ;; esac
      ;;
  esac
}

# Begins the download, beside that of Node.
start_manager() {
  manager_home=$build_dir/.heroku/$manager
  manager_tree=$cache_dir/.immutable/manager-$manager-$manager_version
  manager_job=''
  [ "$manager" != npm ] || return 0
  keep_tree "${manager_tree##*/}"
  [ ! -e "$manager_home" ] || rm -rf "$manager_home"
  if [ -d "$manager_tree/bin" ]; then
    mkdir -p "$build_dir/.heroku"
    take_tree "$manager_tree" "$manager_tree/lib/package.json" "$manager_home"
    return
  fi
  local package
  find_registries
  manager_package "$manager_version"
  # Its problems are its own: Node's download writes down others at the same time.
  (curl_problem=/tmp/curl-problem-manager && fetch_package "$package" "$manager_version" "$manager_home/lib") &
  manager_job=$!
}

finish_manager() {
  local status name file
  [ "$manager" != npm ] || return 0
  PATH=$manager_home/bin:$PATH
  [ -n "$manager_job" ] || return 0
  wait $manager_job
  status=$?
  curl_problem=/tmp/curl-problem-manager
  if [ $status -eq 22 ] && grep -q 'error: 404' "$curl_problem"; then bad_manager_version; fi
  check_fetched "$manager $manager_version" $status
  mkdir -p "$manager_home/bin"
  while IFS=$'\t' read -r name file; do
    chmod +x "$manager_home/lib/$file"
    ln -s "../lib/$file" "$manager_home/bin/$name"
  done < <(jq -r --arg manager "$manager" -f "$pack_dir/lib/programs.jq" "$manager_home/lib/package.json")
  say "$manager $manager_version downloaded."
  { cp -a --reflink=auto "$manager_home" "$manager_tree.part" && mv "$manager_tree.part" "$manager_tree"; } &
}

bad_manager_version() {
  fail 'E8 bad-engine' "$manager_where asks for $manager $manager_version, which the registry does not have. Set for example \"packageManager\": \"$manager@$manager_default\"."
}

# How the chosen manager does what each has to do: one file a manager, under the same names.
load_manager() {
  manager_kind=$manager
  [ "$manager" != yarn ] || [ "${manager_version%%.*}" -eq 1 ] || manager_kind=yarn-berry
  [ "$manager" = npm ] || source "$pack_dir/lib/workspaces.sh"
  source "$pack_dir/lib/$manager_kind.sh"
}
