# The environment of the build's own programs, of later buildpacks (export) and of the running app (.profile.d).

prepare_environment() {
  local limit
  PATH=$PATH:$build_dir/node_modules/.bin
  export PATH NODE_HOME=$node_home
  export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false npm_config_logs_max=0
  export npm_config_cache=/tmp/npm-cache
  [ -n "$NODE_OPTIONS" ] || ! limit=$(memory_limit) || export NODE_OPTIONS=--max_old_space_size=$((limit * 3 / 4))
}

# MB that this container may use; fails when there is no limit.
memory_limit() {
  local file bytes=max
  for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    [ -r "$file" ] && read -r bytes <"$file" && break
  done
  [[ $bytes =~ ^[0-9]{1,15}$ ]] && echo $((bytes / 1048576))
}

write_profile() {
  mkdir -p "$build_dir/.profile.d"
  cp "$pack_dir/lib/profile.sh" "$build_dir/.profile.d/node.sh"
}

write_export() {
  printf 'export PATH=%q:"$PATH":%q NODE_HOME=%q NODE_ENV=%q\n' \
    "$node_home/bin" "$build_dir/node_modules/.bin" "$node_home" "$NODE_ENV" >"$pack_dir/export"
}
