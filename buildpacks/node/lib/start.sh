# How the app starts: the default process type, and whether its program will still be there.

# A program that came from a pruned devDependency would be "command not found" at every boot (E12).
check_start() {
  local line command
  [ -s "$pruned_programs" ] || return 0
  if [ -f "$build_dir/Procfile" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      [[ $line =~ ^[A-Za-z0-9_-]+:[[:space:]]*(.+)$ ]] && check_command "${BASH_REMATCH[1]}" Procfile
    done <"$build_dir/Procfile"
  fi
  [ -z "$script_start" ] || check_command "$script_start" start
}

# check_command <command> <where it stands>
check_command() {
  local words=() program package where=$2
  read -r -a words <<<"${1%$'\r'}"
  # Settings in front, and programs that only start others.
  while [[ ${words[0]} =~ ^[A-Za-z_][A-Za-z0-9_]*= || ${words[0]} =~ ^(cross-env|exec|env|npx|nice|dotenv|--)$ ]]; do words=("${words[@]:1}"); done
  if [ "${words[0]}" = npm ] && [ "$where" = Procfile ]; then
    program=${words[1]}
    [ "$program" != run ] || program=${words[2]}
    [ -n "$program" ] && [ "$program" != start ] || return 0
    find_script "$program"
    check_command "$found_script" "$program"
    return 0
  fi
  program=${words[0]##*/}
  [ -n "$program" ] && [ ! -e "$build_dir/node_modules/.bin/$program" ] || return 0
  package=$(awk -F '\t' -v program="$program" '$1 == program { print $2; exit }' "$pruned_programs")
  [ -z "$package" ] || start_needs_dev "$where" "$program" "$package"
}

start_needs_dev() {
  local found='' candidate
  [ -z "$script_start_prod" ] || found=start:prod
  for candidate in dist/main.js dist/index.js dist/server.js build/index.js lib/index.js server.js; do
    [ -n "$found" ] || [ ! -f "$build_dir/$candidate" ] || found=$candidate
  done
  fail 'E12 start-needs-dev-dependency' "\"$1\" runs \"$2\", which comes from the devDependency $3. devDependencies are removed after the build, so the app would exit with \"command not found\". Point start at the built files${found:+ (found: $found)}, or move $3 to dependencies, or set SKIP_PRUNING=true."
}

# bin/release prints what is written here.
write_start() {
  local command=''
  if [ -n "$script_start" ]; then
    command='npm start'
  elif [ -f "$build_dir/server.js" ]; then
    command='node server.js'
  elif [ -n "$main_file" ] && [ -f "$build_dir/$main_file" ]; then
    printf -v command 'node %q' "$main_file"
  fi
  [ -n "$command" ] || return 0
  printf -- "---\ndefault_process_types:\n  web: '%s'\n" "${command//\'/\'\'}" >"$pack_dir/release.yml"
}
