# pip, pipenv, Poetry and uv: where they come from and how they install.

pip_wheel() { echo /usr/share/python-wheels/pip-*.whl; }

# pip is the stack's own; the others are their version of lib/versions.sh.
manager_version() {
  case $manager in
    uv) echo "$uv_version" ;;
    poetry) echo "$poetry_version" ;;
    pipenv) echo "$pipenv_version" ;;
    *) pip_wheel ;;
  esac
}

make_virtualenv() {
  rm -rf "$build_dir/.heroku/python"
  # It makes none through a link; what it wrote down is changed by relocate.
  /usr/bin/python3 -m venv --without-pip "$build_dir/.heroku/python" || fail 'E13 virtualenv' 'The virtual environment could not be made. The reason is above.'
  relocate
  [ "$manager" != pip ] || pip_into "$python_home"
}

# A wheel is installed by unpacking it; pip itself would take ten times as long for that, from an archive. It is not compiled:
# that takes longer than the one run of pip in a build gains by it, and no app starts with pip.
pip_into() {
  local folder=$1/lib/python${python_version%.*}/site-packages name info
  /usr/bin/python3 -m zipfile -e "$(pip_wheel)" "$folder" ||
    fail 'E13 virtualenv' 'pip could not be put into the virtual environment. The reason is above.'
  info=$(echo "$folder"/pip-*.dist-info)
  echo pip >"$info/INSTALLER"
  printf '%s/INSTALLER,,\n' "${info##*/}" >>"$info/RECORD"
  for name in pip pip3 "pip${python_version%.*}"; do
    printf '#!%s/bin/python\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n' "$1" >"$1/bin/$name"
    chmod 755 "$1/bin/$name"
    printf '../../../bin/%s,,\n' "$name" >>"$info/RECORD"
  done
}

# A package manager in a virtual environment of its own, which no slug contains: one archive in the cache.
provide_tool() {
  local name=$1 version kept
  version=$(manager_version)
  kept=$cache_dir/.immutable/python-$name-$version
  tool=/tmp/python-tools/$name
  [ ! -x "$tool/bin/python" ] || return 0
  mkdir -p "$tool"
  if [ -f "$kept/tool.tar.zst" ]; then
    tar -C "${tool%/*}" -I zstd -xf "$kept/tool.tar.zst" --no-same-owner
  else
    say "Getting $name $version"
    /usr/bin/python3 -m venv --without-pip "$tool"
    # Under the host's settings for pip, and not under those that are meant for the app's packages.
    PYTHONPATH=$(pip_wheel) PIP_NO_COMPILE='' manager_command "$tool/bin/python" -m pip install -q --compile "$name==$version"
    mkdir -p "$kept"
    tar -C "${tool%/*}" -I 'zstd -q -1' -cf "$kept/tool.tar.zst" "$name"
  fi
}

install_with_none() { :; }

install_with_pip() {
  if [ -f "$build_dir/requirements.txt" ]; then
    manager_command python -m pip install -r requirements.txt
  elif [ ${#declared[@]} -gt 0 ]; then
    printf '%s\n' "${declared[@]}" >/tmp/declared-requirements.txt
    manager_command python -m pip install -r /tmp/declared-requirements.txt
  else
    manager_command python -m pip install .
  fi
}

install_with_pipenv() {
  provide_tool pipenv
  manager_command "$tool/bin/python" -m pipenv install --deploy
}

install_with_poetry() {
  provide_tool poetry
  # Without -v it keeps to itself why an index could not be talked to.
  manager_command "$tool/bin/python" -m poetry sync --only main --no-root --no-ansi -v
}

install_with_uv() {
  provide_tool uv
  manager_command "$tool/bin/uv" sync --locked --no-default-groups --no-install-local
}

# What is made from the app's own source is installed in every build: no file's name says its content.
install_own() {
  provide_tool "$manager"
  case $manager in
    poetry) manager_command "$tool/bin/python" -m poetry sync --only main --no-ansi ;;
    uv) manager_command "$tool/bin/uv" sync --locked --no-default-groups ;;
  esac
}

has_own() {
  case $manager in
    poetry) [ "$own_package" = true ] ;;
    uv) has_local ;;
    *) false ;;
  esac
}

has_local() { [[ " ${local_packages[*]} " == *" $manager "* ]]; }

manager_command() {
  local status shown
  last_command=("$@")
  (cd "$build_dir" && as_app "$@") 2>&1 | indented /tmp/manager-output
  status=${PIPESTATUS[0]}
  shown="$*"
  shown=${shown//"$tool/bin/python -m "/}
  [ "$status" -eq 0 ] || explain_failure "$status" "${shown//"$tool/bin/"/}" /tmp/manager-output
}
