# What the app says of itself: config vars and package.json.

# Config vars are files; these names would break the build itself.
import_config() {
  local file name value='' own='' manager_settings=''
  imported=()
  # Those too that this buildpack has set for itself by now; what it exports, or was exported to it, is the app's to change.
  own=$'\n'$(comm -23 <(compgen -v | LC_ALL=C sort) <(compgen -e | LC_ALL=C sort))$'\n'
  for file in .npmrc .yarnrc .yarnrc.yml pnpm-workspace.yaml bunfig.toml; do
    [ ! -f "$build_dir/$file" ] || manager_settings+=$(<"$build_dir/$file")$'\n'
  done
  for file in "$config_dir"/*; do
    name=${file##*/}
    case $name in
      PATH | HOME | GIT_DIR | CPATH | CPPATH | LD_PRELOAD | LD_LIBRARY_PATH | LIBRARY_PATH | LANG | IFS) continue ;;
      STACK | REQUEST_ID | BUILD_DIR | CACHE_DIR | ENV_DIR | BASH* | SHELLOPTS | PWD | UID | EUID | PPID) continue ;;
      CDPATH | GLOBIGNORE | POSIXLY_CORRECT | TMOUT) continue ;;
      [a-z]*) [[ $own != *$'\n'"$name"$'\n'* ]] || continue ;;
    esac
    [[ -f $file && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    IFS= read -r -d '' value <"$file"
    export "$name=$value"
    decides_about_modules "$name" && imported+=("$name=$value")
  done
  [ "$BUILDPACK_XTRACE" = 1 ] && set -x
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

# One jq for everything; what cannot be read is E4, with the place.
read_package() {
  local facts
  if ! facts=$(jq -r -f "$pack_dir/lib/package.jq" "$build_dir/package.json" 2>/tmp/package-json-problem) || [ -z "$facts" ]; then
    bad_package_json
  fi
  eval "$facts"
  # What is read from here on comes from files and never from config vars of the same name.
  NODE_ENV=${NODE_ENV:-production}
  export NODE_ENV
}

# jq notices an error one token late; python's parser says where it begins.
bad_package_json() {
  local place what line column
  place=$(python3 "$pack_dir/lib/json_error.py" "$build_dir/package.json") || place=''
  if [ -n "$place" ]; then
    IFS=$'\t' read -r what line column <<<"$place"
    fail 'E4 bad-package-json' "package.json is not valid JSON: $what at line $line, column $column: $(sed -n "${line}p" "$build_dir/package.json" | tr -d '\r' | cut -c 1-200)"
  fi
  place=$(<"/tmp/package-json-problem")
  place=${place#jq: }
  place=${place#parse error: }
  place=${place#error (at *): }
  fail 'E4 bad-package-json' "package.json is not valid JSON: ${place:-it is empty}."
}
