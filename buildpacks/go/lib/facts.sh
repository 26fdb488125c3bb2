# What the app says of itself: config vars and go.mod.

# Config vars are files; a build takes those that the go command and C compilers read, and those that choose what is built.
import_config() {
  local file name value
  for file in "$config_dir"/*; do
    name=${file##*/}
    case $name in
      GOVERSION | GO_INSTALL_PACKAGE_SPEC | GO_LINKER_SYMBOL | GO_LINKER_VALUE | BUILDPACK_XTRACE) ;;
      GOFLAGS | GOPROXY | GOPRIVATE | GONOPROXY | GOSUMDB | GONOSUMDB | GOINSECURE | GOEXPERIMENT | GOAUTH) ;;
      CGO_* | CC | CXX | PKG_CONFIG | GIT_CONFIG_* | http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) ;;
      *) continue ;;
    esac
    [ -f "$file" ] || continue
    IFS= read -r -d '' value <"$file"
    export "$name=$value"
  done
  [ "$BUILDPACK_XTRACE" = 1 ] && set -x
}

# A lone main.go gets the go.mod it would have; what it imports is chosen anew in each build.
provide_module() {
  [ ! -f "$build_dir/go.mod" ] || return 0
  warn 'No go.mod: versions of what this program imports are chosen anew in each build.' \
    'Run go mod init app && go mod tidy, commit go.mod and go.sum.'
  printf 'module app\n' >"$build_dir/go.mod"
  lone_program=true
}

# go_directive <name>: the value of a line `go 1.24` or `toolchain go1.25.1` of go.mod.
go_directive() { sed -nE "s/^$1[[:space:]]+([^[:space:]\/]+).*/\1/p" "$build_dir/go.mod" | head -n 1; }

# heroku_comment <name>: the rest of a line `// +heroku <name> …` of go.mod.
heroku_comment() { sed -nE "s/^\/\/[[:space:]]*\+heroku[[:space:]]+$1[[:space:]]+(.*[^[:space:]])[[:space:]]*$/\1/p" "$build_dir/go.mod" | head -n 1; }

# Programs of the app's own, before and after.
run_hook() {
  local status
  [ -f "$build_dir/bin/$1" ] || return 0
  step "Running bin/$1"
  chmod +x "$build_dir/bin/$1"
  (cd "$build_dir" && "bin/$1") 2>&1 | indented /tmp/hook-output
  status=${PIPESTATUS[0]}
  [ $status -eq 0 ] || fail 'E13 build-script-failed' "bin/$1 failed with exit code $status. Its output is above."
}
