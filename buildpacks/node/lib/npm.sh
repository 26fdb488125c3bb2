# npm: how it installs, and what its failures mean.

run_command=(npm run)
download_cache=/tmp/npm-cache/_cacache
key_files=(.npmrc)

manager_environment() { :; }

set_install_command() {
  local with_dev=--include=dev
  # npm 6 does not know the other, and says nothing.
  [ "${npm_version%%.*}" -ge 7 ] || with_dev=--production=false
  if [ -n "$lockfile" ]; then install_command=(npm ci "$with_dev"); else install_command=(npm install "$with_dev"); fi
}

# For npm 6, which keeps no record to prune by.
set_prune_command() { prune_command=(npm prune --production); }

why_manager_keeps() {
  [ -z "$NPM_CONFIG_PRODUCTION" ] || echo 'NPM_CONFIG_PRODUCTION is set'
}

# explain_manager <output>: returns when npm's own codes say nothing.
explain_manager() {
  local output=$1 code
  code=$(sed -nE 's/^npm (error|ERR!) code //p' "$output" | head -n 1)
  case $code in
    EUSAGE)
      grep -qE 'update your lock file|package.json and (package-lock|npm-shrinkwrap)' "$output" &&
        stale_lockfile "$(grep -oE '(Missing|Invalid): .*' "$output" | head -n 1)"
      ;;
    E404 | ETARGET) npm_not_found "$output" ;;
    ENOTFOUND | EAI_AGAIN) registry_unreachable 'name not found' ;;
    ECONNREFUSED) registry_unreachable 'connection refused' ;;
    ECONNRESET | EPIPE | ENETUNREACH | EHOSTUNREACH) registry_unreachable 'connection lost' ;;
    ETIMEDOUT | ESOCKETTIMEDOUT | ERR_SOCKET_TIMEOUT) registry_unreachable 'timed out' ;;
    *CERT* | UNABLE_TO_*) registry_unreachable 'certificate not trusted' ;;
    ESTRICTALLOWSCRIPTS) scripts_blocked "$(package_names "$output")" 'npm approve-scripts' ;;
    EALLOWGIT) blocked_source "$(sed -nE 's/.*Refusing to fetch "([^"]+)".*/\1/p' "$output" | head -n 1)" 'allow-git in .npmrc' ;;
    EALLOWREMOTE) blocked_source "$(remote_dependency)" 'allow-remote in .npmrc' ;;
    EBADENGINE) fail 'E8 bad-engine' "A package refuses Node $node_version: $(sed -nE 's/^npm (error|ERR!) notsup //p' "$output" | head -n 3 | paste -sd ' '). Set engines.node to a version it accepts." ;;
  esac
  grep -q 'Exit handler never called' "$output" && probe_registry
}

# npm does not say which: the first that is given by a URL, without what may be a secret in it.
remote_dependency() {
  jq -r '[.dependencies, .devDependencies, .optionalDependencies | objects | to_entries[] | select(.value | strings | test("^https?://"))
    | .key + "@" + (.value | sub("//[^/@]*@"; "//") | sub("[?#].*"; ""))] | first // ""' "$build_dir/package.json"
}

npm_not_found() {
  local wanted
  wanted=$(grep -oE "'[^']+@[^']*' (is not in this registry|could not be found)|No matching version found for [^ ]+" "$1" | head -n 1 |
    sed -E "s/^'([^']+)'.*/\1/; s/^No matching version found for //; s/\.$//")
  package_not_found "${wanted:-$(grep -oE '404 Not Found - GET [^ ]+' "$1" | head -n 1 | sed 's/.*GET //')}"
}

# npm dies without a word when its connections do: one question to the registry tells.
probe_registry() {
  local status
  get_from_any npm /tmp/probe.json
  status=$?
  [ $status -eq 0 ] || unreachable $status
}

# The script of the app itself that ended the install; '' when it was none.
failed_own_script() {
  local path command
  path=$(sed -nE 's/^npm (error|ERR!) path //p' "$1" | head -n 1)
  [ "$path" = "$build_dir" ] || return
  command=$(sed -nE 's/^npm (error|ERR!) command sh -c //p' "$1" | head -n 1)
  own_script_of "$command"
}

# A restored tree skips the install, but not what the workspaces do at each install.
run_workspace_lifecycle() {
  local name
  for name in preinstall install postinstall prepare; do
    program_of_manager npm run "$name" --workspaces --if-present --silent
  done
}
