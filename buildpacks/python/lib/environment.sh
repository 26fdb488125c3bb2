# The environment of the build's own programs, of later buildpacks (export) and of the running app (.profile.d).

# A virtual environment records where it is: it is made under the path that it has at run time, which leads to the build folder.
prepare_environment() {
  python_home=/app/.heroku/python
  site=$python_home/lib/python${python_version%.*}/site-packages
  mkdir -p "$build_dir/.heroku" /app/.heroku "$cache_dir/.immutable"
  [ /app -ef "$build_dir" ] || ln -sfn "$build_dir/.heroku/python" "$python_home"
  export PATH=$python_home/bin:$PATH VIRTUAL_ENV=$python_home PYTHONUNBUFFERED=1
  # What is compiled while building carries times that no release keeps; packages are compiled once, see compile_packages.
  export PYTHONDONTWRITEBYTECODE=1
  downloads=/tmp/python-downloads
  export PIP_CACHE_DIR=$downloads/pip UV_CACHE_DIR=$downloads/uv POETRY_CACHE_DIR=$downloads/poetry PIPENV_CACHE_DIR=$downloads/pip
  export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off
  # Of an option that begins with "no" pip takes the value for that of its opposite: 1 would have it compile.
  export PIP_NO_COMPILE=0
  export UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=$python_home UV_NO_PROGRESS=1
  export POETRY_NO_INTERACTION=1 COLUMNS=200 PIPENV_VERBOSITY=-1 PIPENV_NOSPIN=1
  host_settings
}

# pip reads the host's settings itself (PIP_CONFIG_FILE); the others are told the part that they know. The app's own win.
host_settings() {
  local value
  [ -f "$PIP_CONFIG_FILE" ] || return 0
  value=$(sed -n 's/^index-url = //p' "$PIP_CONFIG_FILE")
  [ -z "$value" ] || export PIPENV_PYPI_MIRROR=${PIPENV_PYPI_MIRROR:-$value}
  value=$(sed -n 's/^cert = //p' "$PIP_CONFIG_FILE")
  [ -z "$value" ] || export SSL_CERT_FILE=${SSL_CERT_FILE:-$value} REQUESTS_CA_BUNDLE=${REQUESTS_CA_BUNDLE:-$value}
}

write_profile() {
  mkdir -p "$build_dir/.profile.d"
  cp "$pack_dir/lib/profile.sh" "$build_dir/.profile.d/python.sh"
}

# Under its later path too: what the next buildpack installs must find Python at run time.
write_export() {
  printf 'export PATH=%q:"$PATH" VIRTUAL_ENV=%q\n' "$python_home/bin" "$python_home" >"$pack_dir/export"
}
