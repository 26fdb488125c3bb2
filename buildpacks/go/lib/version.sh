# Which Go: what the app asks for, against the stack's own and what the module proxy has.

# Sets go_version (1.25.3), go_source: stack or proxy; and for messages asked and reason.
choose_version() {
  exact=false
  stack_version=$(GOTOOLCHAIN=local GOENV=off go env GOVERSION)
  stack_version=${stack_version#go}
  stack_version=${stack_version%% *}
  go_source=proxy
  find_asked
  [[ -z $asked || $asked =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?(rc[0-9]+|beta[0-9]+)?$ ]] ||
    fail 'E8 bad-engine' "$reason asks for Go \"$asked\", which is no version. Write it like \"1.25\" or \"1.25.3\"."
  if [ -z "$asked" ] || serves "$stack_version"; then
    go_version=$stack_version go_source=stack
  elif [[ $asked =~ ^[0-9]+\.[0-9]+(\.[0-9]+|rc[0-9]+|beta[0-9]+)$ ]]; then
    go_version=$asked
  else
    newest_of_line
  fi
  say "Go $go_version (${reason:-the stack’s own})"
}

# Sets asked, reason, and exact: whether nothing newer will do.
find_asked() {
  local comment
  comment=$(heroku_comment goVersion)
  if [ -n "$GOVERSION" ]; then
    asked=$GOVERSION reason='config var GOVERSION' exact=true
  elif [ -n "$comment" ]; then
    asked=$comment reason='"+heroku goVersion" in go.mod' exact=true
  else
    asked=$(go_directive toolchain) reason='"toolchain" in go.mod'
    [ "$asked" != default ] || asked=''
    [ -n "$asked" ] || asked=$(go_directive go) reason='"go" in go.mod'
    [ -n "$asked" ] || reason=''
  fi
  asked=${asked#go}
}

# serves <version>: whether this one is what was asked for. A line of go.mod is a minimum, as for the go command itself.
serves() {
  if [ "$exact" = true ]; then
    [[ $1 == "$asked" || $1 == "$asked".* ]]
  else
    [ "$(printf '%s\n' "$asked" "$1" | sort -V | tail -n 1)" = "$1" ]
  fi
}

# "1.25": its newest patch. The last build's answer serves for a day, and longer when the proxy does not answer.
newest_of_line() {
  local line at known now
  printf -v now '%(%s)T' -1
  { read -r line; read -r at; read -r known; } 2>/dev/null <"$cache_dir/go/resolved"
  [ "$line" = "$asked" ] || known=''
  if [ -n "$known" ] && [ $((now - ${at:-0})) -lt 86400 ]; then
    go_version=$known
    return
  fi
  if ! list_versions; then
    [ -n "$known" ] || explain_failure 1 'go list -m -versions golang.org/toolchain' /tmp/go-versions-problem
    go_version=$known
    say 'The module proxy does not answer; going on with the version of the last build.'
    return
  fi
  go_version=$(grep -E "^${asked//./\\.}(\.[0-9]+)?$" /tmp/go-versions | tail -n 1)
  [ -n "$go_version" ] || no_such_version
  mkdir -p "$cache_dir/go"
  printf '%s\n' "$asked" "$now" "$go_version" >"$cache_dir/go/resolved"
}

# Releases for this machine, oldest first, into /tmp/go-versions.
list_versions() {
  local machine
  machine=linux-$(GOENV=off go env GOARCH)
  (cd /tmp && GOTOOLCHAIN=local GOFLAGS=-mod=mod go list -m -versions golang.org/toolchain) >/tmp/go-versions-all 2>/tmp/go-versions-problem || return 1
  tr ' ' '\n' </tmp/go-versions-all | sed -nE "s/^v0\.0\.1-go([0-9.]+)\.$machine$/\1/p" | sort -V >/tmp/go-versions
}

no_such_version() {
  local there=''
  [ -s /tmp/go-versions ] || list_versions || explain_failure 1 'go list -m -versions golang.org/toolchain' /tmp/go-versions-problem
  there=$(awk -F . '{ newest[$1 "." $2] = $0 } END { for (line in newest) print newest[line] }' /tmp/go-versions | sort -V | tail -n 5 | paste -sd ' ' | sed 's/ /, /g')
  fail 'E8 bad-engine' "${reason:-go.mod} asks for Go $asked, which is not to be had. Those that are: $stack_version (the stack's own)${there:+, $there, and others from the module proxy}. Change it${reason:+ ($reason)} to one of them."
}
