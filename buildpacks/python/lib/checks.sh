# What can be refused or warned of from files alone, before anything is downloaded.

# Names that differ only in case are other files here.
check_names() {
  local name found
  for name in requirements.txt Pipfile Pipfile.lock poetry.lock uv.lock pyproject.toml .python-version runtime.txt manage.py; do
    [ -e "$build_dir/$name" ] && continue
    found=$(find "$build_dir" -maxdepth 1 -iname "$name" -printf '%f\n' -quit)
    [ -z "$found" ] ||
      fail 'E17 file-case' "\"$name\" does not exist, but \"$found\" does. Names are case-sensitive here: git mv $found $name"
  done
}

# Sets manager, its lockfile ('' for pip and none) and package_files: what decides about packages.
check_managers() {
  local file found=() owners=() others=() keep
  for file in uv.lock poetry.lock Pipfile.lock Pipfile requirements.txt; do
    [ -f "$build_dir/$file" ] || continue
    owner_of "$file"
    [ ${#owners[@]} -gt 0 ] && [ "${owners[-1]}" = "$owner" ] && continue
    owners+=("$owner")
    found+=("$file")
  done
  manager=${owners[0]:-none} lockfile=''
  if [ ${#owners[@]} -gt 1 ]; then
    keep=$manager
    for file in "${found[@]:1}"; do others+=("$file"); done
    [ "${found[1]}" != Pipfile.lock ] || [ ! -f "$build_dir/Pipfile" ] || others+=(Pipfile)
    fail 'E5 two-lockfiles' "Found ${found[0]} and ${found[1]}; only one package manager can own the dependencies. Keep one. To keep $keep: git rm ${others[*]} && git commit -m \"Use $keep only\"."
  fi
  case $manager in
    uv) lockfile=uv.lock ;;
    poetry) lockfile=poetry.lock ;;
    pipenv) lockfile=Pipfile.lock ;;
    none) check_unlocked ;;
  esac
  check_lockfile
  decisive_files
}

owner_of() {
  case $1 in
    uv.lock) owner=uv ;;
    poetry.lock) owner=poetry ;;
    Pipfile*) owner=pipenv ;;
    *) owner=pip ;;
  esac
}

# Without a file of a package manager: pyproject.toml may still say what is needed.
check_unlocked() {
  if [ "$poetry_declared" = true ]; then
    fail 'E6 lockfile-missing' 'pyproject.toml names packages for Poetry, but there is no poetry.lock: nothing says which versions to install. Run poetry lock, commit poetry.lock.'
  elif [ ${#declared[@]} -gt 0 ]; then
    manager=pip
    warn 'No lockfile: versions are chosen anew when pyproject.toml changes, so this release may differ from what you tested.' \
      'Run uv lock, commit uv.lock.'
  elif [ -f "$build_dir/setup.py" ]; then
    manager=pip
    warn 'No lockfile: versions are chosen anew in each build, so this release may differ from what you tested.' \
      'Run pip freeze > requirements.txt, commit requirements.txt.'
  else
    say 'No file names packages (requirements.txt or the like): none are installed.'
    check_imports
  fi
}

# "It works on my machine", where the package is.
check_imports() {
  local file package
  read -r file package < <(/usr/bin/python3 -I -B "$pack_dir/lib/imports.py" "$build_dir" 2>/dev/null) || return 0
  warn "$file imports $package, which is no part of Python, and no file names packages: the app will end with \"ModuleNotFoundError\"." \
    'Run pip freeze > requirements.txt, commit requirements.txt.'
}

check_lockfile() {
  case $manager in
    pipenv)
      [ -f "$build_dir/Pipfile.lock" ] ||
        fail 'E6 lockfile-missing' 'Found Pipfile without Pipfile.lock: nothing says which versions to install. Run pipenv lock, commit Pipfile.lock.'
      [ -f "$build_dir/Pipfile" ] ||
        fail 'E6 lockfile-missing' 'Found Pipfile.lock without Pipfile. Commit Pipfile too: git add Pipfile.'
      ;;
    poetry | uv)
      [ -f "$build_dir/pyproject.toml" ] ||
        fail 'E6 lockfile-missing' "Found $lockfile without pyproject.toml. Commit pyproject.toml too: git add pyproject.toml."
      ;;
    pip)
      [ -z "$unpinned" ] ||
        warn "\"$unpinned\" in requirements.txt has no exact version: it is chosen anew when the file changes, so this release may differ from what you tested." \
          'Run pip freeze > requirements.txt, commit requirements.txt.'
      ;;
  esac
}

decisive_files() {
  local file names=()
  package_files=("${requirement_files[@]}")
  case $manager in
    uv) names=(uv.lock pyproject.toml uv.toml) ;;
    poetry) names=(poetry.lock pyproject.toml poetry.toml) ;;
    pipenv) names=(Pipfile.lock Pipfile) ;;
    pip) [ ${#requirement_files[@]} -gt 0 ] || names=(pyproject.toml) ;;
  esac
  for file in "${names[@]}"; do [ ! -f "$build_dir/$file" ] || package_files+=("$build_dir/$file"); done
}

check_python() {
  local has="${python_version%.*} ($python_version)"
  case $python_problem in
    '') ;;
    missing) fail 'E8 bad-python-version' "$python_source asks for Python \"$python_wanted\", which this stack does not have. It has: $has. $(how_to_ask)" ;;
    *) fail 'E8 bad-python-version' "$python_source${python_wanted:+ is \"$python_wanted\"}: $python_problem. This stack has: $has. $(how_to_ask)" ;;
  esac
  say "Python $python_version (${python_source:-the one of the stack}${python_wanted:+ \"$python_wanted\"})"
  case $python_source in
    '') say "To stay on this line, commit a file .python-version that says ${python_version%.*}." ;;
    runtime.txt) warn "runtime.txt is deprecated. Use .python-version: echo ${python_version%.*} > .python-version && git rm runtime.txt" ;;
  esac
}

how_to_ask() {
  local line=${python_version%.*}
  case $python_source in
    requires-python*) echo "Set for example requires-python = \">=$line\"." ;;
    the\ python*) echo "Set for example python = \"^$line\"." ;;
    Pipfile.lock) echo "Set python_version = \"$line\" in Pipfile and run pipenv lock." ;;
    runtime.txt) echo "Run: echo $line > .python-version && git rm runtime.txt" ;;
    *) echo "Run: echo $line > .python-version" ;;
  esac
}

# A committed virtual environment belongs to the machine that made it.
check_environments() {
  local file folder
  [ ! -e "$build_dir/.heroku/python" ] ||
    fail 'E17 committed-virtualenv' 'The folder .heroku/python is committed; the build makes it. Run: git rm -r --cached .heroku/python'
  for file in "$build_dir"/*/pyvenv.cfg "$build_dir"/.[!.]*/pyvenv.cfg; do
    [ -f "$file" ] || continue
    folder=${file%/*} folder=${folder##*/}
    warn "The virtual environment $folder is committed: it works only on the machine that made it, is not used here, and makes the slug larger." \
      "Run: git rm -r --cached $folder && echo $folder/ >> .gitignore"
  done
}
