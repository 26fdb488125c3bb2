# The environment of the build's own programs, of later buildpacks (export) and of the running app (.profile.d).

prepare_environment() {
  local limit
  local gyp=$node_home/lib/node_modules/npm/node_modules
  # Other managers would fetch node-gyp when a package wants it; npm brings it.
  PATH=$PATH:$build_dir/node_modules/.bin:$gyp/@npmcli/run-script/lib/node-gyp-bin
  [ -n "$npm_config_node_gyp" ] || [ "$manager" = npm ] || export npm_config_node_gyp=$gyp/node-gyp/bin/node-gyp.js
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
  [ "$manager" = npm ] || profile_of_manager >>"$build_dir/.profile.d/node.sh"
}

# A manager that only starts a script must not go to the network for anything.
profile_of_manager() {
  printf 'export PATH="$HOME/.heroku/%s/bin:$PATH"\n' "$manager"
  case $manager_kind in
    yarn-berry) echo 'export YARN_ENABLE_TELEMETRY=0' ;;
    pnpm) echo 'export pnpm_config_update_notifier=false pnpm_config_verify_deps_before_run=false pnpm_config_pm_on_fail=ignore pnpm_config_manage_package_manager_versions=false' ;;
    bun) echo 'export DO_NOT_TRACK=1' ;;
  esac
}

write_export() {
  local bin=$node_home/bin
  [ "$manager" = npm ] || bin=$manager_home/bin:$bin
  printf 'export PATH=%q:"$PATH":%q NODE_HOME=%q NODE_ENV=%q\n' \
    "$bin" "$build_dir/node_modules/.bin" "$node_home" "$NODE_ENV" >"$pack_dir/export"
}
