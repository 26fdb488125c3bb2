# node_modules: restored when nothing that decides about it changed, installed otherwise, kept for the next build.

install_modules() {
  [ "$has_dependencies" = true ] || [ "$has_workspaces" = true ] || [ -n "$lockfile" ] || return 0
  restore_directories
  if [ -d "$build_dir/node_modules" ]; then
    warn 'node_modules is committed: its native parts are rebuilt, nothing is installed.' \
      'To have packages installed from the lockfile: git rm -r --cached node_modules, and add it to .gitignore.'
    with_download_cache rebuild_modules
    return
  fi
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

# With a lockfile the tree follows from files; an addon of the app's own (binding.gyp) is compiled by the install itself.
modules_cacheable() {
  [ -n "$lockfile" ] && [ "$NODE_MODULES_CACHE" != false ] && [ ! -f "$build_dir/binding.gyp" ]
}

# Build steps may change what they find in node_modules. Without any, the pruned tree can be kept, and moved instead of copied.
has_build_steps() {
  [ -n "$lifecycle_scripts$script_build$script_heroku_prebuild$script_heroku_postbuild$script_heroku_cleanup" ] || [ "$has_workspaces" = true ]
}

# Sets modules: the tree in the cache whose name says everything that decides about its content.
modules_key() {
  local files=() file digest
  for file in "$lockfile" package.json .npmrc; do [ -f "$build_dir/$file" ] && files+=("$build_dir/$file"); done
  [ ! -d "$build_dir/patches" ] || mapfile -t -O ${#files[@]} files < <(find "$build_dir/patches" -type f | LC_ALL=C sort)
  [ "$has_workspaces" != true ] || mapfile -t -O ${#files[@]} files < <(find "$build_dir" -name node_modules -prune -o -name package.json -print | LC_ALL=C sort)
  digest=$({
    printf '%s\n' 2 "$STACK" "$MACHTYPE" "$manager" "$npm_version" "$node_version" "${imported[@]}"
    cat "${files[@]}"
  } | sha256sum)
  modules=$cache_dir/.immutable/modules-${digest:0:40}
}

restore_modules() {
  local path first
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
  say 'node_modules comes from the cache, nothing is installed.'
}

# Is there a buildpack after this one, which may want to change things?
is_followed() {
  local number=${pack_dir##*/}
  [[ ! $number =~ ^[0-9]+$ ]] || [ -d "${pack_dir%/*}/$((number + 1))" ]
}

# The manager's own download cache is thousands of small files that only an install reads: one archive in our cache.
with_download_cache() {
  local kept
  if [ "$NODE_MODULES_CACHE" != false ]; then
    mkdir -p "$npm_config_cache"
    for kept in "$cache_dir/.immutable"/downloads-*/downloads.tar; do
      [ ! -f "$kept" ] || tar -C "$npm_config_cache" -xf "$kept" --no-same-owner
    done
  fi
  "$@"
  [ "$NODE_MODULES_CACHE" != false ] && [ -d "$npm_config_cache/_cacache" ] || return 0
  rm -rf "$cache_dir/.immutable"/downloads-*
  # Old versions pile up; beyond this size a fresh start is cheaper than carrying them along.
  [ "$(du -sm "$npm_config_cache/_cacache" | cut -f 1)" -lt 800 ] || return 0
  mkdir -p "$cache_dir/.immutable/downloads-$REQUEST_ID"
  tar -C "$npm_config_cache" -cf "$cache_dir/.immutable/downloads-$REQUEST_ID/downloads.tar" _cacache
}

# Taken right after the install when build steps follow, else after pruning: see has_build_steps.
keep_modules() {
  local path paths=()
  if [ "$modules_restored" = true ]; then
    keep_tree "${modules##*/}"
  elif [ -n "$modules" ] && [ ! -f "$modules/paths" ]; then
    has_build_steps || save_modules
  fi
  [ -f "$modules/paths" ] && keep_tree "${modules##*/}"
  for path in "$cache_dir/.immutable"/downloads-*; do [ -d "$path" ] && keep_tree "${path##*/}"; done
  save_directories
}

save_modules() {
  local path
  [ -n "$modules" ] && [ -d "$build_dir/node_modules" ] || return 0
  rm -rf "$modules"
  mkdir -p "$modules/tree"
  (
    cd "$build_dir" || exit
    if [ "$has_workspaces" = true ]; then find . -name node_modules -prune -printf '%P\n'; else echo node_modules; fi
  ) >"$modules/list"
  while IFS= read -r path; do
    [[ $path != */* ]] || mkdir -p "$modules/tree/${path%/*}"
    cp -a --reflink=auto "$build_dir/$path" "$modules/tree/$path" || { rm -rf "$modules"; return 0; }
  done <"$modules/list"
  [ ! -f "$pruned_programs" ] || cp "$pruned_programs" "$modules/pruned-programs"
  mv "$modules/list" "$modules/paths"
}

# cacheDirectories of package.json, other than node_modules: the app's own caches.
each_directory() {
  local directory
  [ "$NODE_MODULES_CACHE" != false ] || return 0
  for directory in "${cache_directories[@]}"; do
    directory=${directory#./}
    directory=${directory%/}
    case /$directory/ in // | /node_modules/ | */../* | //*) continue ;; esac
    "$1" "$directory"
  done
}

restore_directories() { each_directory restore_directory; }

restore_directory() {
  [ -e "$cache_dir/node/directories/$1" ] && [ ! -e "$build_dir/$1" ] || return 0
  mkdir -p "$(dirname "$build_dir/$1")"
  cp -a --reflink=auto "$cache_dir/node/directories/$1" "$build_dir/$1"
}

save_directories() {
  [ ! -e "$cache_dir/node/directories" ] || rm -rf "$cache_dir/node/directories"
  each_directory save_directory
}

save_directory() {
  [ -e "$build_dir/$1" ] || return 0
  mkdir -p "$(dirname "$cache_dir/node/directories/$1")"
  cp -a --reflink=auto "$build_dir/$1" "$cache_dir/node/directories/$1"
}
