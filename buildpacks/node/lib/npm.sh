# npm: how it installs, rebuilds and runs the app's own install scripts.

install_packages() {
  local command=(npm install --include=dev)
  find_registries
  [ -z "$lockfile" ] || command=(npm ci --include=dev)
  manager_command "${command[@]}"
  ! has_build_steps || [ -z "$modules" ] || save_modules
}

rebuild_modules() {
  step 'Rebuilding committed node_modules'
  provide_headers
  manager_command npm rebuild
}

manager_command() {
  local status
  (cd "$build_dir" && "$@") 2>&1 | indented /tmp/manager-output
  status=${PIPESTATUS[0]}
  [ $status -eq 0 ] || explain_failure "$status" "$*" /tmp/manager-output
}

# A restored tree skips the install, but not what the app itself does at each install.
run_lifecycle() {
  local name
  for name in $lifecycle_scripts; do run_script "$name"; done
  [ "$has_workspaces" = true ] || return 0
  for name in preinstall install postinstall prepare; do
    manager_command npm run "$name" --workspaces --if-present --silent
  done
}
