# Config vars: which of them this buildpack reads itself, and how the programs of the app get all.

# Config vars are files. Those that the buildpack and its own programs read are in its environment; the others are for the
# programs of the app alone (as_app): they may be called like a variable of these scripts, or change how bash and its tools work.
import_config() {
  local file name value='' manager_settings=''
  imported=() held=()
  for file in .npmrc .yarnrc .yarnrc.yml pnpm-workspace.yaml bunfig.toml; do
    [ ! -f "$build_dir/$file" ] || manager_settings+=$(<"$build_dir/$file")$'\n'
  done
  for file in "$config_dir"/*; do
    name=${file##*/}
    [[ -f $file && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    ! breaks_builds "$name" || continue
    IFS= read -r -d '' value <"$file"
    if read_by_us "$name"; then
      export "$name=$value"
    else
      held+=("$name")
      # What an earlier buildpack exported under this name is the app's to change.
      declare -g +x "$name"
    fi
    decides_about_modules "$name" && imported+=("$name=$value")
  done
  [ "$BUILDPACK_XTRACE" = 1 ] && set -x
}

# The build's own, and what every shell sets anew.
breaks_builds() {
  case $1 in
    PATH | HOME | GIT_DIR | CPATH | CPPATH | LD_PRELOAD | LD_LIBRARY_PATH | LIBRARY_PATH | LANG | IFS) ;;
    STACK | REQUEST_ID | BUILD_DIR | CACHE_DIR | ENV_DIR | PWD | OLDPWD | SHLVL | _) ;;
    *) return 1 ;;
  esac
}

# Its variables begin with a small letter and are none of these.
read_by_us() {
  case $1 in
    NODE_ENV | NODE_OPTIONS | NODE_MODULES_CACHE | BUILDPACK_XTRACE) ;;
    SKIP_PRUNING | NPM_CONFIG_PRODUCTION | YARN_* | YARN2_SKIP_PRUNING | PNPM_SKIP_PRUNING) ;;
    npm_config_* | NPM_CONFIG_REGISTRY | *_proxy | *_PROXY) ;;
    NODE_EXTRA_CA_CERTS | SSL_CERT_FILE | SSL_CERT_DIR | CURL_CA_BUNDLE | CURL_CONNECT_TIMEOUT | CURL_TIMEOUT) ;;
    *) return 1 ;;
  esac
}

# Those a package manager or a native build reads, and those that its settings name; no other changes what is installed.
# An install script may read any name; NODE_MODULES_CACHE=false is for apps whose scripts do.
decides_about_modules() {
  case $1 in
    npm_* | NPM_* | YARN_* | YARN2_* | yarn_* | PNPM_* | pnpm_* | BUN_* | NODE_* | CI | CC | CXX | CFLAGS | CXXFLAGS | CPPFLAGS | LDFLAGS | MAKEFLAGS) return 0 ;;
    GYP_DEFINES | PKG_CONFIG_PATH | SHARP_* | *_MIRROR | *_BINARY_* | *_SKIP_* | SKIP_* | *_proxy | *_PROXY) return 0 ;;
  esac
  [[ $manager_settings =~ \$\{?$1([^A-Za-z0-9_]|$) ]]
}

# as_app <program or function> <arguments…>: with every config var. A function says this of its own programs.
as_app() {
  if [ ${#held[@]} -eq 0 ] || declare -F "$1" >/dev/null; then
    "$@"
  else
    perl "$pack_dir/lib/with_config.pl" "$config_dir" ${#held[@]} "${held[@]}" "$@"
  fi
}

# value_of <name>: of a config var, else of the environment; nothing of what is only these scripts'.
value_of() { if [ -f "$config_dir/$1" ]; then cat "$config_dir/$1"; else printenv "$1"; fi; }
