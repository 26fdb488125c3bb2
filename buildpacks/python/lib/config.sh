# Config vars: which of them this buildpack reads itself, and how the programs of the app get all; and the app's own hooks.

# Config vars are files. Those that the buildpack and its own programs read are in its environment; the others are for the
# programs of the app alone (as_app): they may be called like a variable of these scripts, or change how bash and its tools work.
import_config() {
  local file name value=''
  imported=() held=()
  for file in "$config_dir"/*; do
    name=${file##*/}
    [[ -f $file && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    ! breaks_builds "$name" || continue
    imported+=("$name")
    if read_by_us "$name"; then
      IFS= read -r -d '' value <"$file"
      export "$name=$value"
    else
      held+=("$name")
      # What an earlier buildpack exported under this name is the app's to change.
      declare -g +x "$name"
    fi
  done
  [ "$BUILDPACK_XTRACE" = 1 ] && set -x
}

# The build's own, and what every shell sets anew.
breaks_builds() {
  case $1 in
    PATH | HOME | GIT_DIR | CPATH | CPPATH | LD_PRELOAD | LD_LIBRARY_PATH | LIBRARY_PATH | LANG | IFS) ;;
    STACK | REQUEST_ID | BUILD_DIR | CACHE_DIR | ENV_DIR | PWD | OLDPWD | SHLVL | _) ;;
    PYTHONHOME | VIRTUAL_ENV) ;;
    *) return 1 ;;
  esac
}

# Its variables begin with a small letter.
read_by_us() {
  case $1 in
    PYTHON_PACKAGES_CACHE | DISABLE_COLLECTSTATIC | BUILDPACK_XTRACE) ;;
    PIP_CONFIG_FILE | PIPENV_PYPI_MIRROR | SSL_CERT_FILE | REQUESTS_CA_BUNDLE) ;;
    *) return 1 ;;
  esac
}

# Those a package manager or a native build reads, and those that requirements name as ${NAME}; no other changes what is installed.
decides_about_packages() {
  case $1 in
    PIP_* | UV_* | POETRY_* | PIPENV_* | SETUPTOOLS_* | CC | CXX | CFLAGS | CXXFLAGS | CPPFLAGS | LDFLAGS | MAKEFLAGS | *_proxy | *_PROXY) return 0 ;;
  esac
  [ ${#package_files[@]} -gt 0 ] && grep -q -F "\${$1}" -- "${package_files[@]}"
}

# as_app <program> <arguments…>: with every config var.
as_app() {
  if [ ${#held[@]} -eq 0 ]; then
    "$@"
  else
    perl "$pack_dir/lib/with_config.pl" "$config_dir" ${#held[@]} "${held[@]}" "$@"
  fi
}

# value_of <name>: of a config var, else of the environment; nothing of what is only these scripts'.
value_of() { if [ -f "$config_dir/$1" ]; then cat "$config_dir/$1"; else printenv "$1"; fi; }

# run_hook <name>: the app's bin/pre_compile or bin/post_compile.
run_hook() {
  local status
  [ -f "$build_dir/bin/$1" ] || return 0
  step "Running bin/$1"
  [ -x "$build_dir/bin/$1" ] || chmod +x "$build_dir/bin/$1"
  (cd "$build_dir" && as_app "bin/$1") 2>&1 | indented /tmp/hook-output
  status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] ||
    fail 'E13 build-script-failed' "bin/$1 failed with exit code $status. Its last output is above. Run it on your machine, in the root of the source, to see the same."
}
