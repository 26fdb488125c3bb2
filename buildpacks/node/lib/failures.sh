# What a failed program printed -> the cause, in words (failure catalogue of the buildpack reference).

# explain_failure <exit status> <command> <its output>
explain_failure() {
  local status=$1 command=$2 output=$3 name
  ssh_dependency "$output"
  explain_manager "$output"
  name=$(failed_own_script "$output")
  prebuilt_refused "$output"
  # What a script of the app's own did not reach (its database, say) is not the registry; what node-gyp fetches is.
  if [ -z "$name" ] || gyp_ended "$output"; then connection_lost "$output"; fi
  ! gyp_ended "$output" || native_module "$output"
  if [ -n "$name" ]; then
    find_script "$name"
    script_failed "$name" "$status" "$found_script" "$output"
  fi
  fail 'E13 build-script-failed' "\"$command\" failed with exit code $status. Its output is above. Reproduce locally: rm -rf node_modules && $command."
}

# own_script_of <command text>: the install script of the app itself that is this text.
own_script_of() {
  local name
  for name in $lifecycle_scripts; do
    find_script "$name"
    [ "$found_script" != "$1" ] || { echo "$name"; return; }
  done
}

# stale_lockfile <first difference>
stale_lockfile() {
  fail 'E7 lockfile-stale' "$lockfile does not match package.json (${1:-they name different packages}). Run $manager install locally and commit $lockfile."
}

# first_not_locked <pattern with %s> [<prefix of ranges>]: the first dependency of package.json that the lockfile does not have.
first_not_locked() {
  local wanted pattern
  while IFS=$'\t' read -r name range; do
    wanted=$name@$2$range
    printf -v pattern "$1" "$(sed 's/[][^$.*+?(){}|\\]/\\&/g' <<<"$wanted")"
    grep -qE "$pattern" "$build_dir/$lockfile" || { echo "$name@$range is missing"; return; }
  done < <(jq -r '.dependencies, .devDependencies, .optionalDependencies | objects | to_entries[] | [.key, .value] | @tsv' "$build_dir/package.json")
}

# with_range <package>: as package.json asks for it, when it does.
with_range() {
  [[ ${1:1} != *@* ]] || { echo "$1"; return; }
  jq -r --arg name "$1" '[.dependencies, .devDependencies, .optionalDependencies | objects | .[$name] // empty] | first // "" | $name + if . == "" then "" else "@" + . end' "$build_dir/package.json"
}

package_not_found() {
  fail 'E10 package-not-found' "${1:-A package}, required by ${lockfile:-package.json}, is not in the registry. Check the spelling, the version, and whether it is private (then add a token by config var)."
}

# Names of packages in what a manager said, at most five.
package_names() {
  grep -oE '[@a-z0-9][a-z0-9@/._-]*@[0-9][^ ,:)]*' "$1" | sort -u | head -n 5 | paste -sd ' '
}

# scripts_blocked <packages> <how to approve>
scripts_blocked() {
  fail 'E15 install-scripts-blocked' "$manager refused to run install scripts of ${1:-some packages}. Approve them locally ($2), commit the change."
}

# blocked_source <what was refused> <how to allow it>
blocked_source() {
  fail 'E15 install-scripts-blocked' "$manager refused to fetch ${1:-a dependency}, which does not come from the registry. Allow it ($2), or use a version from the registry."
}

ssh_dependency() {
  grep -qE 'Permission denied \(publickey\)|Host key verification failed|ssh: not found|cannot run ssh|ssh: Could not resolve|ssh: connect to host|Could not read from remote repository|Request to .ssh://|(ls-remote|clone|fetch).*(ssh://|git@)' "$1" || return 0
  fail 'E15 install-scripts-blocked' 'A git dependency is fetched over SSH. Builds have no SSH key: use an https URL with a token, or a registry version.'
}

# What the network said, in the words of Node and of others.
connection_lost() {
  local cause
  case $(grep -oE 'ENOTFOUND|EAI_AGAIN|UnknownHost|ECONNREFUSED|ConnectionRefused|FailedToOpenSocket|ECONNRESET|EPIPE|ENETUNREACH|EHOSTUNREACH|ConnectionClosed|ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|ConnectionTimeout|Timeout (awaiting|downloading)|[Ss]ocket timeout|network timeout|CERT_[A-Z_]+|[A-Z_]+_CERT_?[A-Z_]*|UNABLE_TO_[A-Z_]+|self[- ]signed certificate|certificate has expired|unable to (get|verify) [a-z ]*certificate|does not match certificate' "$1" | head -n 1) in
    '') return 0 ;;
    ENOTFOUND | EAI_AGAIN | UnknownHost) cause='name not found' ;;
    ECONNREFUSED | ConnectionRefused | FailedToOpenSocket) cause='connection refused' ;;
    ETIMEDOUT | ESOCKETTIMEDOUT | ERR_SOCKET_TIMEOUT | ConnectionTimeout | Timeout* | *' timeout') cause='timed out' ;;
    *CERT* | UNABLE_TO_* | *certificate*) cause='certificate not trusted' ;;
    *) cause='connection lost' ;;
  esac
  registry_unreachable "$cause"
}

explain_script_failure() {
  grep -q 'gyp ERR!' /tmp/script-output && native_module /tmp/script-output
  script_failed "$1" "$2" "$3" /tmp/script-output
}

# script_failed <name> <status> <its text> <output>
script_failed() {
  local install missing hint=''
  wrong_case "$4" "$1"
  case $manager in
    npm) if [ -n "$lockfile" ]; then install='npm ci'; else install='npm install'; fi ;;
    *) install="$manager install" ;;
  esac
  missing=$(sed -nE -e 's/^(sh|\/bin\/sh|bash|\/usr\/bin\/bash): (line )?[0-9]+: ([^:]+): (command )?not found$/\3/p' \
    -e 's/^(bun: )?command not found: ([^ ]+)$/\2/p' "$4" | tail -n 1)
  [ "$2" -ne 127 ] && [ -z "$missing" ] || hint=" Command \"${missing:-${3%% *}}\" was not found: is it listed in dependencies?"
  fail 'E13 build-script-failed' "The \"$1\" script failed with exit code $2. Last output is above. Reproduce locally: rm -rf node_modules && $install && $manager run $1.$hint"
}
