# How the app starts: the default process type, and whether the programs of the Procfile will be there.

# Sets commands: the Procfile's, without their types.
procfile_commands() {
  local line
  commands=()
  [ -f "$build_dir/Procfile" ] || return 1
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^[A-Za-z0-9_-]+:[[:space:]]*(.+)$ ]] && commands+=("${BASH_REMATCH[1]%$'\r'}")
  done <"$build_dir/Procfile"
}

# What is not there would be "command not found" at every boot (E12).
check_start() {
  local command words program
  procfile_commands || return 0
  for command in "${commands[@]}"; do
    read -r -a words <<<"$command"
    while [[ ${words[0]} =~ ^[A-Za-z_][A-Za-z0-9_]*= || ${words[0]} =~ ^(exec|env|nice)$ ]]; do words=("${words[@]:1}"); done
    program=${words[0]}
    [ ! -x "$python_home/bin/$program" ] || continue
    case $program in
      uv | poetry | pipenv)
        fail 'E12 start-needs-build-tool' "Procfile runs \"$program\", which is there only during the build, so the app would exit with \"command not found\". Its packages are on the PATH: write \"$(without_tool "${words[@]}")\"."
        ;;
      gunicorn | uvicorn | hypercorn | daphne | granian | waitress-serve | celery | flask | fastapi | django-admin | streamlit)
        fail 'E12 start-needs-package' "Procfile runs \"$program\", which no package of this app brings, so the app would exit with \"command not found\". $(how_to_add "$program")"
        ;;
    esac
  done
}

without_tool() {
  shift
  [ "$1" != run ] || shift
  echo "${*:-python app.py}"
}

how_to_add() {
  local package=$1
  case $1 in
    waitress-serve) package=waitress ;;
    fastapi) package='fastapi[standard]' ;;
    django-admin) package=django ;;
  esac
  case $manager in
    uv) echo "Run uv add $package (not into a group), commit uv.lock." ;;
    poetry) echo "Run poetry add $package (not into a group), commit poetry.lock." ;;
    pipenv) echo "Run pipenv install $package (not with --dev), commit Pipfile.lock." ;;
    *) echo "Add $package to requirements.txt." ;;
  esac
}

# bin/release prints what is written here.
write_start() {
  local settings project folder command=''
  if find_manage && [ -x "$python_home/bin/gunicorn" ]; then
    settings=$(sed -nE "s/.*DJANGO_SETTINGS_MODULE['\"], *['\"]([A-Za-z0-9_.]+)['\"].*/\1/p" "$build_dir/$manage" | head -n 1)
    project=${settings%%.settings*}
    folder=$(dirname "$manage")
    if [ -n "$project" ] && [ -f "$build_dir/$folder/${project//.//}/wsgi.py" ]; then
      command="gunicorn $project.wsgi"
      [ "$folder" = . ] || printf -v command 'gunicorn --chdir %q %s.wsgi' "$folder" "$project"
    fi
  fi
  if [ -n "$command" ]; then
    printf -- "---\ndefault_process_types:\n  web: '%s'\n" "${command//\'/\'\'}" >"$pack_dir/release.yml"
  elif [ ! -f "$build_dir/Procfile" ]; then
    warn 'There is no Procfile, and how a Python app starts is not guessed.' \
      'Commit one with a line such as "web: gunicorn app:app" or "web: python app.py".'
  fi
}
