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
  (cd "$build_dir" && npm run "$name") 2>&1 | indented /tmp/script-output
  status=${PIPESTATUS[0]}
  [ $status -eq 0 ] || explain_script_failure "$name" "$status" "$text"
}

# find_script <name>: sets found_script, empty when there is none. The usual ones are known already; others cost a program.
find_script() {
  local known=script_${1//[-:]/_}
  case $1 in
    start | start:prod | build | heroku-prebuild | heroku-postbuild | heroku-cleanup) found_script=${!known} ;;
    *) found_script=$(jq -r --arg name "$1" '.scripts[$name] // ""' "$build_dir/package.json") ;;
  esac
}
