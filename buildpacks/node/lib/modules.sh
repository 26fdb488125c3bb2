# node_modules: restored when nothing that decides about it changed, installed otherwise, kept for the next build.

install_modules() {
  modules='' modules_restored=false modules_committed=false
  [ "$has_dependencies" = true ] || [ "$has_workspaces" = true ] || [ -n "$lockfile" ] || return 0
  restore_directories
  manager_environment
  if [ -d "$build_dir/node_modules" ]; then
    warn 'node_modules is committed: its native parts are rebuilt, nothing is installed.' \
      'To have packages installed from the lockfile: git rm -r --cached node_modules, and add it to .gitignore.'
    modules_committed=true
    with_download_cache rebuild_modules
    return
  fi
  list_own_paths
  if modules_cacheable; then
    modules_key
    if restore_modules; then
      run_lifecycle
      return
    fi
  fi
  step 'Installing dependencies'
  provide_headers
  with_download_cache install_packages
}

install_packages() {
  find_registries
  set_install_command
  program_of_manager "${install_command[@]}"
  [ "$(type -t after_install)" != function ] || after_install /tmp/manager-output
  # What is newer than this has been changed by the build.
  : >/tmp/installed
  ! has_build_steps || save_modules
}

rebuild_modules() {
  step 'Rebuilding committed node_modules'
  provide_headers
  # Of all of them npm's is the one that needs no lockfile and no record of its own.
  case $manager in
    pnpm) program_of_manager pnpm rebuild ;;
    *) program_of_manager npm rebuild ;;
  esac
}

# A program of the manager, whose failure is explained to the pusher.
program_of_manager() {
  local status
  (cd "$build_dir" && as_app "$@") 2>&1 | indented /tmp/manager-output
  status=${PIPESTATUS[0]}
  [ $status -eq 0 ] || explain_failure "$status" "$*" /tmp/manager-output
}

# With a lockfile the tree follows from files; an addon of the app's own (binding.gyp) is compiled by the install itself.
modules_cacheable() {
  [ -n "$lockfile" ] && [ "$NODE_MODULES_CACHE" != false ] && [ ! -f "$build_dir/binding.gyp" ]
}

# Build steps may change what they find in node_modules. Without any, the pruned tree can be kept, and moved instead of copied.
has_build_steps() {
  [ -n "$lifecycle_scripts$script_build$script_heroku_prebuild$script_heroku_postbuild$script_heroku_cleanup" ] || [ "$has_workspaces" = true ]
}

# What a manager makes beside node_modules; what is committed of it is the app's.
own_paths=()
list_own_paths() {
  local path made=()
  for path in "${own_paths[@]}"; do [ -e "$build_dir/$path" ] || made+=("$path"); done
  own_paths=("${made[@]}")
}

# Sets modules: the tree in the cache whose name says everything that decides about its content.
modules_key() {
  local files=() file path digest
  for file in "$lockfile" package.json "${key_files[@]}"; do [ -f "$build_dir/$file" ] && files+=("$build_dir/$file"); done
  for path in patches .yarn/patches .yarn/plugins .yarn/releases "${local_packages[@]}"; do
    [ -e "$build_dir/$path" ] || continue
    mapfile -t -O ${#files[@]} files < <(find "$build_dir/$path" -name node_modules -prune -o -type f -print | LC_ALL=C sort)
  done
  [ "$has_workspaces" != true ] ||
    mapfile -t -O ${#files[@]} files < <(find "$build_dir" \( -name node_modules -o -path "$build_dir/.heroku" \) -prune -o -name package.json -print | LC_ALL=C sort)
  # Prisma's install script makes its client, in node_modules, from the app's schema.
  mapfile -t -O ${#files[@]} files < <(find "$build_dir" \( -name node_modules -o -path "$build_dir/.heroku" \) -prune -o -type f -name '*.prisma' -print | LC_ALL=C sort)
  digest=$({
    printf '%s\n' 4 "$STACK" "$MACHTYPE" "$manager" "$manager_version" "$npm_version" "$node_version" "${imported[@]}"
    # With their names: a workspace is linked to by the name of its folder.
    (cd "$build_dir" && sha256sum -- "${files[@]#"$build_dir"/}")
    # What was compiled against a library of the apt buildpack needs it.
    [ ! -d "$build_dir/.apt" ] || [ ! -f "$build_dir/Aptfile" ] || cat "$build_dir/Aptfile"
  } | sha256sum)
  modules=$cache_dir/.immutable/modules-${digest:0:40}
}

restore_modules() {
  local path
  [ -f "$modules/paths" ] || return 1
  while IFS= read -r path; do
    [[ $path != */* ]] || mkdir -p "$build_dir/${path%/*}"
    if has_build_steps || is_followed; then
      cp -a --reflink=auto "$modules/tree/$path" "$build_dir/$path" || return 1
    else
      take_tree "$modules/tree/$path" "$modules/paths" "$build_dir/$path"
    fi
  done <"$modules/paths"
  modules_restored=true
  step 'Dependencies are unchanged'
  if [ -d "$build_dir/node_modules" ]; then say "node_modules comes from the cache, nothing is installed."; else say "Packages come from the cache, nothing is installed."; fi
}

# Is there a buildpack after this one, which may want to change things?
is_followed() {
  local number=${pack_dir##*/}
  [[ ! $number =~ ^[0-9]+$ ]] || [ -d "${pack_dir%/*}/$((number + 1))" ]
}

# Taken right after the install when build steps follow, else after pruning: see has_build_steps.
keep_modules() {
  local path
  if [ "$modules_restored" != true ] && [ -n "$modules" ] && [ ! -f "$modules/paths" ] && ! has_build_steps; then save_modules; fi
  [ "$modules_restored" != true ] && [ ! -f "$modules/paths" ] || keep_tree "${modules##*/}"
  for path in "$cache_dir/.immutable/downloads-$manager"-*; do [ -d "$path" ] && keep_tree "${path##*/}"; done
  save_directories
}

save_modules() {
  local path
  [ -n "$modules" ] && ! built_in_place || return 0
  rm -rf "$modules"
  mkdir -p "$modules/tree"
  module_paths >"$modules/list"
  while IFS= read -r path; do
    [[ $path != */* ]] || mkdir -p "$modules/tree/${path%/*}"
    cp -a --reflink=auto "$build_dir/$path" "$modules/tree/$path" || { rm -rf "$modules"; return 0; }
  done <"$modules/list"
  [ ! -f "$pruned_programs" ] || cp "$pruned_programs" "$modules/pruned-programs"
  mv "$modules/list" "$modules/paths"
}

# What the manager has made, one path a line.
module_paths() (
  cd "$build_dir" || exit
  if [ "$has_workspaces" = true ]; then
    find . -path ./.heroku -prune -o -name node_modules -prune -printf '%P\n'
  elif [ -d node_modules ]; then
    echo node_modules
  fi
  for path in "${own_paths[@]}"; do [ ! -e "$path" ] || echo "$path"; done
)

# A package in a folder of the app that npm links to: what its install has made there is not in node_modules, and not kept.
built_in_place() {
  local path
  for path in "${local_packages[@]}"; do
    [ -f "$build_dir/$path/binding.gyp" ] && [ -d "$build_dir/$path/build" ] && return 0
    [ -f "$build_dir/$path/package.json" ] && ! is_copied "$path" &&
      jq -e '.scripts // {} | has("install") or has("preinstall") or has("postinstall") or has("prepare")' "$build_dir/$path/package.json" >/dev/null && return 0
  done
  return 1
}

is_copied() {
  local name
  name=$(jq -r .name "$build_dir/$1/package.json")
  [ -d "$build_dir/node_modules/$name" ] && [ ! -L "$build_dir/node_modules/$name" ]
}
