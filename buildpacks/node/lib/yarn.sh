# Yarn 1 ("classic"): how it installs and prunes, and what its failures mean.

run_command=(yarn run)
download_cache=/tmp/yarn-cache
key_files=(.npmrc .yarnrc)

manager_environment() {
  export YARN_CACHE_FOLDER=$download_cache
  use_registry
}

# Yarn 1 leaves devDependencies out when NODE_ENV is production, unless told.
set_install_command() {
  install_command=(yarn install --non-interactive --no-progress)
  [ -z "$lockfile" ] || install_command+=(--frozen-lockfile)
  [ -n "$YARN_PRODUCTION" ] || install_command+=(--production=false)
}

why_manager_keeps() {
  [ -z "$YARN_PRODUCTION" ] || echo 'YARN_PRODUCTION is set'
}

set_prune_command() {
  prune_command=(yarn install --production --ignore-scripts --ignore-engines --prefer-offline --non-interactive --no-progress)
  [ -z "$lockfile" ] || prune_command+=(--frozen-lockfile)
}

explain_manager() {
  local output=$1 wanted refused
  grep -q 'error Your lockfile needs to be updated' "$output" && stale_lockfile "$(first_not_locked '^"?%s(, |"|:)')"
  grep -q 'error Integrity check failed\|error Invalid value type .* in yarn.lock\|Unknown token' "$output" &&
    stale_lockfile 'it cannot be read, or what it promises is not what the registry has'
  refused=$(sed -nE 's/^error ([^ ]+: The engine .*)/\1/p' "$output" | head -n 1)
  [ -z "$refused" ] || fail 'E8 bad-engine' "A package refuses Node $node_version or Yarn $manager_version: ${refused%.}. Set engines in package.json to versions that it accepts."
  wanted=$(sed -nE -e "s/.*Couldn't find any versions for \"([^\"]+)\" that matches \"([^\"]+)\".*/\1@\2/p" \
    -e "s/.*Couldn't find package \"([^\"]+)\".*/\1/p" -e 's#.*"https?://[^/]+/([^"]+): Not found".*#\1#p' \
    -e 's#^error Error: https?://[^ ]*/(@[^/% ]+%2[fF][^/ ]+|[^/ ]+): [Nn]ot found$#\1#p' "$output" | head -n 1)
  wanted=${wanted//%2[fF]//}
  [ -z "$wanted" ] || package_not_found "$(with_range "$wanted")"
}

failed_own_script() {
  own_script_of "$(sed -nE 's/^\$ //p' "$1" | tail -n 1)"
}
