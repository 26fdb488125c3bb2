# Config vars, and the app's own hooks.

# Config vars are files; these names would break the build itself.
import_config() {
  local file name value='' own=''
  imported=()
  # Those too that this buildpack has set for itself by now; what it exports, or was exported to it, is the app's to change.
  own=$'\n'$(comm -23 <(compgen -v | LC_ALL=C sort) <(compgen -e | LC_ALL=C sort))$'\n'
  for file in "$config_dir"/*; do
    name=${file##*/}
    case $name in
      PATH | HOME | GIT_DIR | CPATH | CPPATH | LD_PRELOAD | LD_LIBRARY_PATH | LIBRARY_PATH | LANG | IFS) continue ;;
      STACK | REQUEST_ID | BUILD_DIR | CACHE_DIR | ENV_DIR | BASH* | SHELLOPTS | PWD | UID | EUID | PPID) continue ;;
      CDPATH | GLOBIGNORE | POSIXLY_CORRECT | TMOUT) continue ;;
      [a-z]*) [[ $own != *$'\n'"$name"$'\n'* ]] || continue ;;
      PYTHONHOME | VIRTUAL_ENV) continue ;;
    esac
    [[ -f $file && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    IFS= read -r -d '' value <"$file"
    export "$name=$value"
    imported+=("$name")
  done
  [ "$BUILDPACK_XTRACE" = 1 ] && set -x
}

# Those a package manager or a native build reads, and those that requirements name as ${NAME}; no other changes what is installed.
decides_about_packages() {
  case $1 in
    PIP_* | UV_* | POETRY_* | PIPENV_* | SETUPTOOLS_* | CC | CXX | CFLAGS | CXXFLAGS | CPPFLAGS | LDFLAGS | MAKEFLAGS | *_proxy | *_PROXY) return 0 ;;
  esac
  [ ${#package_files[@]} -gt 0 ] && grep -q -F "\${$1}" -- "${package_files[@]}"
}

# run_hook <name>: the app's bin/pre_compile or bin/post_compile.
run_hook() {
  local status
  [ -f "$build_dir/bin/$1" ] || return 0
  step "Running bin/$1"
  [ -x "$build_dir/bin/$1" ] || chmod +x "$build_dir/bin/$1"
  (cd "$build_dir" && "bin/$1") 2>&1 | indented /tmp/hook-output
  status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] ||
    fail 'E13 build-script-failed' "bin/$1 failed with exit code $status. Its last output is above. Run it on your machine, in the root of the source, to see the same."
}
