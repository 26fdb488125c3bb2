# What the go command printed -> the cause, in words (failure catalogue of the buildpack reference).

# explain_failure <exit status> <command> <its output>
explain_failure() {
  local status=$1 command=$2 output=$3 found
  if grep -q 'inconsistent vendoring' "$output"; then
    found=$(grep -oE '^[[:space:]]+[^ ]+@[^:]+: .*' "$output" | head -n 1 | sed 's/^[[:space:]]*//')
    fail 'E7 lockfile-stale' "vendor/ does not match go.mod (${found:-they name different modules}). Run go mod vendor and commit vendor/."
  fi
  found=$(grep -oE '(go.mod|module) requires go >= [0-9.rc]+|requires go [0-9.]+ or later' "$output" | head -n 1 | grep -oE '[0-9][0-9.rc]+')
  [ -z "$found" ] || wants_newer "$found" "$output"
  if grep -qE 'missing go.sum entry|updates to go.(mod|sum) needed|no required module provides package|go.mod file not found' "$output"; then
    found=$(grep -oE 'missing go.sum entry for [^;]*|no required module provides package [^ ;:]+|updates to go.(mod|sum) needed' "$output" | head -n 1)
    fail 'E7 lockfile-stale' "go.mod and go.sum do not match the source (${found:-they are incomplete}). Run go mod tidy and commit both."
  fi
  if grep -q 'SECURITY ERROR' "$output"; then
    found=$(grep -oE 'verifying [^ :]+' "$output" | head -n 1 | sed 's/^verifying //; s#/go\.mod$##')
    fail 'E7 lockfile-stale' "${found:-A module} is not what go.sum or the checksum database says. If go.sum was changed by hand, take the module out of it and run go mod tidy; if not, somebody changed a published version: find out who before you build with it."
  fi
  # A host that git did not find is no matter of the version, which is what the go command makes of it.
  ! grep -q 'Could not resolve host' "$output" || unreachable "$output"
  private_or_missing "$output"
  unreachable "$output"
  if found=$(grep -oE 'fatal error: [^:]+: No such file|cannot find -l[^ :]+|C compiler "[^"]+" not found|Package [^ ]+ was not found in the pkg-config' "$output" | head -n 1) && [ -n "$found" ]; then
    fail 'E14 native-module' "A package uses C and could not be compiled: $found. Set CGO_ENABLED=0 if a way without C exists, or add the library's -dev package to an Aptfile and name the buildpacks \"apt\" and \"go\" in .buildpacks."
  fi
  fail 'E13 build-script-failed' "\"$command\" failed with exit code $status. Its output is above. Reproduce locally: $command."
}

# wants_newer <version> <output>: a dependency or go.mod itself, while GOVERSION or a comment holds Go back.
wants_newer() {
  local who
  who=$(grep -oE '[^ ]+ requires go >= ' "$2" | head -n 1 | sed 's/ requires.*//')
  fail 'E8 bad-engine' "${who:-go.mod} wants Go $1 or newer, and this build has $go_version${reason:+ ($reason)}. Raise the version: run go get go@$1 and commit go.mod${GOVERSION:+, or change the config var GOVERSION}."
}

# Hosts answer with "not found" both for what is not there and for what may not be seen.
private_or_missing() {
  local module
  module=$(grep -oE '[A-Za-z0-9._~/-]+@[A-Za-z0-9.+-]+|module [a-z0-9][A-Za-z0-9._~/-]+\.[a-z]+/[^ :]+' "$1" | head -n 1 | sed 's/^module //')
  [ -n "$module" ] || module=$(sed -nE 's/^go: downloading ([^ ]+) ([^ ]+)$/\1@\2/p' "$1" | tail -n 1)
  # The last is what the go command says when git was let in by no way it tried.
  grep -qE 'could not read Username|terminal prompts disabled|Permission denied \(publickey\)|Host key verification failed|no (secure )?protocol found for repository' "$1" &&
    fail 'E10 package-not-found' "${module:-A module} is private, or there is none of that name: its host asks for a login. Set the config var GOPRIVATE to its path, and give the login with GIT_CONFIG_COUNT, GIT_CONFIG_KEY_0=url.https://<user>:<token>@<host>/.insteadOf and GIT_CONFIG_VALUE_0=https://<host>/."
  grep -qE 'unknown revision|version is not available|404 Not Found|410 Gone|invalid version|no matching versions|repository .* not found' "$1" &&
    fail 'E10 package-not-found' "${module:-A module}, required by go.mod, is not to be had. Check the spelling, the version, and whether it is private (then set GOPRIVATE and a login by config var)."
}

unreachable() {
  local cause=''
  case $(<"$1") in
    *'no such host'* | *'server misbehaving'* | *'Could not resolve host'*) cause='name not found' ;;
    *x509:* | *'tls:'*) cause='certificate not trusted' ;;
    *'connection refused'*) cause='connection refused' ;;
    *'i/o timeout'* | *'handshake timeout'* | *'deadline exceeded'*) cause='timed out' ;;
    *'connection reset'* | *'unexpected EOF'* | *'network is unreachable'*) cause='connection lost' ;;
    *'module lookup disabled by GOPROXY=off'*) cause='GOPROXY is off' ;;
    *) return 0 ;;
  esac
  fail 'E9 registry-unreachable' "The build could not talk to the module proxy ($cause). Your app is fine. If this host uses its own certificate authority, set the CA file in the server settings; otherwise retry."
}
