# How the app starts: the default process type, and whether its program will still be there.

# A program that came from a pruned devDependency would be "command not found" at every boot (E12).
check_start() {
  local line
  if [ -f "$build_dir/Procfile" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      [[ $line =~ ^[A-Za-z0-9_-]+:[[:space:]]*(.+)$ ]] && check_command "${BASH_REMATCH[1]}" Procfile
    done <"$build_dir/Procfile"
  fi
  [ -z "$script_start" ] || check_command "$script_start" start
}

# check_command <command> <where it stands> [<depth>]
check_command() {
  local words=() program where=$2 depth=${3:-0}
  read -r -a words <<<"${1%$'\r'}"
  # Settings in front, and programs that only start others.
  while [[ ${words[0]} =~ ^[A-Za-z_][A-Za-z0-9_]*= || ${words[0]} =~ ^(cross-env|exec|env|npx|bunx|pnpx|nice|dotenv|--)$ ]]; do words=("${words[@]:1}"); done
  case ${words[0]} in
    node) check_file "${words[1]}" "$where" ;;
    npm | yarn | pnpm | bun) [ "$depth" -ge 5 ] || check_manager_command "${words[@]}" ;;
    *) check_program "${words[0]}" "$where" ;;
  esac
}

# check_manager_command <manager> <words…>: scripts by their names; what is none is a program of a package.
check_manager_command() {
  local program=$1 word=$2
  shift 2
  case $word in
    run | run-script | exec | dlx | x) word=$1 ;;
    start) [ "$where" != Procfile ] || return 0 ;;
  esac
  case $word in '' | -*) return 0 ;; esac
  find_script "$word"
  if [ -n "$found_script" ]; then
    check_command "$found_script" "$word" $((depth + 1))
  elif [ "$program" != npm ]; then
    check_program "$word" "$where"
  fi
}

# check_program <program> <where it stands>
check_program() {
  local program=${1##*/} package
  [ -s "$pruned_programs" ] && [ -n "$program" ] && [ ! -e "$build_dir/node_modules/.bin/$program" ] || return 0
  package=$(awk -F '\t' -v program="$program" '$1 == program { print $2; exit }' "$pruned_programs")
  [ -z "$package" ] || start_needs_dev "$2" "$program" "$package"
}

start_needs_dev() {
  local found='' candidate
  [ -z "$script_start_prod" ] || found=start:prod
  for candidate in dist/main.js dist/index.js dist/server.js build/index.js lib/index.js server.js; do
    [ -n "$found" ] || [ ! -f "$build_dir/$candidate" ] || found=$candidate
  done
  fail 'E12 start-needs-dev-dependency' "\"$1\" runs \"$2\", which comes from the devDependency $3. devDependencies are removed after the build, so the app would exit with \"command not found\". Point start at the built files${found:+ (found: $found)}, or move $3 to dependencies, or set SKIP_PRUNING=true."
}

# check_file <what node is given> <where it stands>: a name that only another machine would find (E17).
check_file() {
  local actual
  [[ -n $1 && $1 =~ ^[A-Za-z0-9._/@-]+$ && $1 != -* && $1 != /* ]] || return 0
  [ ! -e "$build_dir/$1" ] && [ ! -e "$build_dir/$1.js" ] || return 0
  actual=$(find_other_case "${1#./}")
  [ -z "$actual" ] ||
    fail 'E17 file-case' "\"$1\" in $2 does not exist, but \"$actual\" does. Names are case-sensitive here: fix the import or run git mv."
}

# bin/release prints what is written here.
write_start() {
  local command=''
  if [ -n "$script_start" ]; then
    case $manager in
      bun) command='bun run start' ;;
      *) command="$manager start" ;;
    esac
  elif [ -f "$build_dir/server.js" ]; then
    command='node server.js'
  elif [ -n "$main_file" ] && [ -f "$build_dir/$main_file" ]; then
    printf -v command 'node %q' "$main_file"
  fi
  if [ -z "$command" ]; then
    serve_site
    return
  fi
  printf -- "---\ndefault_process_types:\n  web: '%s'\n" "${command//\'/\'\'}" >"$pack_dir/release.yml"
}
