# What a failed program printed -> the cause, in words (failure catalogue of the buildpack reference).

# explain_failure <exit status> <command> <its output>
explain_failure() {
  local status=$1 command=$2 output=$3 code
  code=$(sed -n 's/^npm \(error\|ERR!\) code //p' "$output" | head -n 1)
  case $code in
    EUSAGE) stale_lockfile "$output" ;;
    E404 | ETARGET) package_not_found "$code" "$output" ;;
    ENOTFOUND | EAI_AGAIN) registry_unreachable 'name not found' ;;
    ECONNREFUSED) registry_unreachable 'connection refused' ;;
    ECONNRESET | EPIPE | ENETUNREACH | EHOSTUNREACH) registry_unreachable 'connection lost' ;;
    ETIMEDOUT | ESOCKETTIMEDOUT | ERR_SOCKET_TIMEOUT) registry_unreachable 'timed out' ;;
    *CERT* | UNABLE_TO_*) registry_unreachable 'certificate not trusted' ;;
    ESTRICTALLOWSCRIPTS | EALLOWGIT | EALLOWREMOTE) scripts_blocked "$output" ;;
    EBADENGINE) fail 'E8 bad-engine' "A package refuses Node $node_version: $(sed -n 's/^npm \(error\|ERR!\) notsup //p' "$output" | head -n 3 | paste -sd ' '). Set engines.node to a version it accepts." ;;
  esac
  grep -q 'Exit handler never called' "$output" && probe_registry
  grep -qE 'Permission denied \(publickey\)|Host key verification failed|ssh: not found|cannot run ssh' "$output" &&
    fail 'E15 install-scripts-blocked' 'A git dependency is fetched over SSH. Builds have no SSH key: use an https URL with a token, or a registry version.'
  grep -q 'gyp ERR!' "$output" && native_module "$output"
  own_script_failed "$status" "$output"
  fail 'E13 build-script-failed' "\"$command\" failed with exit code $status. Its output is above. Reproduce locally: rm -rf node_modules && $command."
}

stale_lockfile() {
  local difference
  grep -qE 'update your lock file|package.json and (package-lock|npm-shrinkwrap)' "$1" || return
  difference=$(grep -oE '(Missing|Invalid): .*' "$1" | head -n 1)
  fail 'E7 lockfile-stale' "$lockfile does not match package.json (${difference:-they name different packages}). Run npm install locally and commit $lockfile."
}

package_not_found() {
  local wanted
  wanted=$(grep -oE "'[^']+@[^']*' (is not in this registry|could not be found)|No matching version found for [^ ]+" "$2" | head -n 1 |
    sed -E "s/^'([^']+)'.*/\1/; s/^No matching version found for //; s/\.$//")
  wanted=${wanted:-$(grep -oE '404 Not Found - GET [^ ]+' "$2" | head -n 1 | sed 's/.*GET //')}
  fail 'E10 package-not-found' "${wanted:-A package}, required by ${lockfile:-package.json}, is not in the registry. Check the spelling, the version, and whether it is private (then add a token by config var)."
}

scripts_blocked() {
  local packages
  packages=$(grep -oE '[@a-z0-9][a-z0-9@/._-]*@[0-9][^ ,]*' "$1" | sort -u | head -n 5 | paste -sd ' ')
  fail 'E15 install-scripts-blocked' "npm refused to run install scripts of ${packages:-some packages}. Approve them locally (npm approve-scripts), commit the change."
}

# npm dies without a word when its connections do: one question to the registry tells.
probe_registry() {
  local status
  get_from_any npm /tmp/probe.json
  status=$?
  [ $status -eq 0 ] || unreachable $status
}

native_module() {
  local output=$1 package missing
  package=$(sed -nE 's#^npm (error|ERR!) path .*/node_modules/##p' "$output" | head -n 1)
  missing=$(grep -oE 'fatal error: [^:]+: No such file' "$output" | head -n 1 | sed -E 's/fatal error: ([^:]+):.*/missing header \1/')
  [ -n "$missing" ] || missing=$(grep -oE 'cannot find -l[^ :]+|ModuleNotFoundError: .*|not found: (make|g\+\+|gcc|python3?)' "$output" | head -n 1)
  fail 'E14 native-module' "${package:-This app} has a native part that could not be compiled: ${missing:-see the compiler output above}. Try a newer ${package:-dependency} that ships ready-made binaries, or one that needs no compiling."
}

# npm install and npm ci also run the app's own install scripts.
own_script_failed() {
  local status=$1 output=$2 path command name
  path=$(sed -nE 's/^npm (error|ERR!) path //p' "$output" | head -n 1)
  [ "$path" = "$build_dir" ] || return
  command=$(sed -nE 's/^npm (error|ERR!) command sh -c //p' "$output" | head -n 1)
  for name in $lifecycle_scripts; do
    find_script "$name"
    [ "$found_script" != "$command" ] || script_failed "$name" "$status" "$command" "$output"
  done
}

explain_script_failure() {
  grep -q 'gyp ERR!' /tmp/script-output && native_module /tmp/script-output
  script_failed "$1" "$2" "$3" /tmp/script-output
}

# script_failed <name> <status> <its text> <output>
script_failed() {
  local install='npm install' missing hint=''
  [ -z "$lockfile" ] || install='npm ci'
  missing=$(sed -nE 's/^(sh|\/bin\/sh|bash): (line )?[0-9]+: ([^:]+): (command )?not found$/\3/p' "$4" | tail -n 1)
  [ "$2" -ne 127 ] && [ -z "$missing" ] || hint=" Command \"${missing:-${3%% *}}\" was not found: is it listed in dependencies?"
  fail 'E13 build-script-failed' "The \"$1\" script failed with exit code $2. Last output is above. Reproduce locally: rm -rf node_modules && $install && npm run $1.$hint"
}
