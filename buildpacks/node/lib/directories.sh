# Folders of the app's own that its builds want to find again: cacheDirectories of package.json.

# node_modules is not one of them: the lockfile decides about it.
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
