# The go command itself: the stack's, or a newer one through the module proxy, which is never part of the slug.

# A toolchain is a module: the go command fetches it as one and checks it against the checksum database.
install_toolchain() {
  local tree=$cache_dir/.immutable/go-$go_version fetched=/tmp/go-toolchain status
  export GOTOOLCHAIN=local
  [ "$go_source" = proxy ] || return 0
  if [ -x "$tree/bin/go" ]; then
    say 'Go comes from the cache.'
  else
    (cd /tmp && GOTOOLCHAIN=go$go_version GOMODCACHE=$fetched GOFLAGS= go version) >/tmp/go-fetch 2>&1
    status=$?
    if [ $status -ne 0 ]; then
      # Proxies say in many ways that there is none; the list says it in one.
      list_versions && ! grep -qxF "$go_version" /tmp/go-versions && no_such_version
      sed 's/^/       /' /tmp/go-fetch
      explain_failure $status "go version" /tmp/go-fetch
    fi
    # The go command takes the right to write from what it unpacks; a folder without it cannot be moved.
    chmod -R u+w "$fetched"
    mv "$fetched"/golang.org/toolchain@*"go$go_version".* "$tree" ||
      fail '' "The module proxy gave no toolchain for Go $go_version."
    rm -rf "$fetched"
    say "Go $go_version downloaded."
  fi
  keep_tree "go-$go_version"
  export GOROOT=$tree PATH=$tree/bin:$PATH
}

prepare_environment() {
  export GOPATH=/tmp/go GOBIN=$build_dir/bin GOMODCACHE=$modules GOCACHE=$compiled
  # Without a repository there is nothing to stamp; a cache that can be removed again needs folders that can be written.
  GOFLAGS="${GOFLAGS:+$GOFLAGS }-modcacherw -buildvcs=false"
  export GOFLAGS
  mkdir -p "$GOBIN"
}

write_profile() {
  mkdir -p "$build_dir/.profile.d"
  printf '# The programs of the app on the PATH. Sourced at boot.\nexport PATH="$HOME/bin:$PATH"\n' >"$build_dir/.profile.d/go.sh"
}

write_export() {
  printf 'export PATH=%q:"$PATH" GOTOOLCHAIN=local %s\n' "${GOROOT:+$GOROOT/bin:}$build_dir/bin" "${GOROOT:+GOROOT=$(printf %q "$GOROOT")}" >"$pack_dir/export"
}
