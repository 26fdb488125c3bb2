# The scripts of package.json that a build runs.

run_build() {
  if [ -n "$script_heroku_postbuild" ]; then
    run_script heroku-postbuild
  else
    run_script build
  fi
}

# run_script <name>: does nothing where there is none; its failure is E13.
run_script() {
  local name=$1 text status
  find_script "$name"
  text=$found_script
  [ -n "$text" ] || return 0
  # What is still on its way into the cache must be there before a program of the app could change it.
  wait
  step "Running the \"$name\" script"
  (cd "$build_dir" && as_app "${run_command[@]}" "$name") 2>&1 | indented /tmp/script-output
  status=${PIPESTATUS[0]}
  [ $status -eq 0 ] || explain_script_failure "$name" "$status" "$text"
}

# Before there are packages, the newer managers refuse to run anything.
run_prebuild() {
  local run_command=(npm run)
  run_script heroku-prebuild
}

# A restored tree skips the install, but not what the app itself does at each install.
run_lifecycle() {
  local name main
  for name in $lifecycle_scripts; do
    # These run with the one they belong to.
    main=${name#pre} main=${main#post}
    [ "$main" != "$name" ] && [ "$main" != publish ] && [ "$manager_kind" != yarn-berry ] && [[ " $lifecycle_scripts " == *" $main "* ]] && continue
    run_script "$name"
  done
  [ "$has_workspaces" != true ] || run_workspace_lifecycle
}

# find_script <name>: sets found_script, empty when there is none. The usual ones are known already; others cost a program.
find_script() {
  local known=script_${1//[-:]/_}
  case $1 in
    start | start:prod | build | heroku-prebuild | heroku-postbuild | heroku-cleanup) found_script=${!known} ;;
    *) found_script=$(jq -r --arg name "$1" '.scripts[$name] // ""' "$build_dir/package.json") ;;
  esac
}
