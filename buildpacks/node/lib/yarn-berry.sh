# Yarn 2 and later: how it installs and prunes, with node_modules or Plug'n'Play, and what its failures mean.

run_command=(yarn run)
key_files=(.yarnrc.yml .npmrc)

# Its linker decides what there is to keep, and where packages have to be for the app to find them.
read_linker() {
  local line
  linker=pnp
  [ -f "$build_dir/.yarnrc.yml" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^nodeLinker:[[:space:]]*[\"\']?([a-z-]+) ]] && linker=${BASH_REMATCH[1]}
  done <"$build_dir/.yarnrc.yml"
  [ -z "$YARN_NODE_LINKER" ] || linker=$YARN_NODE_LINKER
}

manager_environment() {
  read_linker
  export YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_INLINE_BUILDS=1 YARN_ENABLE_PROGRESS_BARS=0 YARN_GLOBAL_FOLDER=/tmp/yarn-berry
  download_cache=$YARN_GLOBAL_FOLDER/cache
  own_paths=(.yarn/install-state.gz .yarn/build-state.yml)
  if [ "$linker" = pnp ]; then
    # The app reads packages out of this folder; with the setting below it is the app's own.
    own_paths+=(.yarn/cache .yarn/unplugged .pnp.cjs .pnp.loader.mjs)
    [ -n "$YARN_ENABLE_GLOBAL_CACHE" ] || export YARN_ENABLE_GLOBAL_CACHE=false
  elif [ ! -d "$build_dir/.yarn/cache" ] && [ -z "$YARN_ENABLE_GLOBAL_CACHE" ]; then
    export YARN_ENABLE_GLOBAL_CACHE=true
  fi
  use_registry
  if [ -z "$YARN_NPM_REGISTRY_SERVER" ] && ! grep -q '^npmRegistryServer:' "$build_dir/.yarnrc.yml" 2>/dev/null; then
    export YARN_NPM_REGISTRY_SERVER=$npm_config_registry
  fi
  # Plain http has to be allowed by name; the host's settings are the host's word for it.
  [[ ! $YARN_NPM_REGISTRY_SERVER =~ ^http://([^/:]+) ]] || export YARN_UNSAFE_HTTP_WHITELIST=${BASH_REMATCH[1]}
  [ -z "$HTTPS_PROXY" ] || export YARN_HTTPS_PROXY=${YARN_HTTPS_PROXY:-$HTTPS_PROXY}
  [ -z "$HTTP_PROXY" ] || export YARN_HTTP_PROXY=${YARN_HTTP_PROXY:-$HTTP_PROXY}
}

set_install_command() {
  if [ -n "$lockfile" ]; then
    install_command=(yarn install --immutable)
  else
    # A project of its own, even if a folder above looks like one.
    : >"$build_dir/yarn.lock"
    install_command=(yarn install --no-immutable)
  fi
}

why_manager_keeps() {
  if [ "$YARN2_SKIP_PRUNING" = true ]; then
    echo 'YARN2_SKIP_PRUNING is true'
  elif [ "${manager_version%%.*}" -lt 4 ] && ! compgen -G "$build_dir/.yarn/plugins/@yarnpkg/plugin-workspace-tools.*" >/dev/null; then
    echo "Yarn $manager_version removes them only with the plugin workspace-tools; Yarn 4 has it built in"
  fi
}

set_prune_command() {
  # Nothing is built again: what the install has built stays.
  prune_command=(env YARN_ENABLE_SCRIPTS=false yarn workspaces focus --all --production)
}

explain_manager() {
  local output=$1 wanted
  grep -qE 'YN0028|YN0057' "$output" && stale_lockfile "$(first_not_locked '(^|, )"?%s(, |"|:)' npm:)"
  wanted=$(sed -nE 's/.*YN0080: [^A-Za-z@]*([^ ]+): Request to .*/\1/p' "$output" | head -n 1)
  [ -z "$wanted" ] || blocked_source "$wanted" 'approvedGitRepositories in .yarnrc.yml'
  wanted=$(sed -nE 's/.*YN0016: [^A-Za-z@]*([^ ]+): All versions satisfying .* are quarantined.*/\1/p' "$output" | head -n 1)
  [ -z "$wanted" ] ||
    fail 'E10 package-not-found' "${wanted/@npm:/@} is in the registry, but too new for Yarn (npmMinimalAgeGate), or the registry does not say how old it is. Wait, use an older version, or name it in npmPreapprovedPackages in .yarnrc.yml."
  wanted=$(sed -nE -e 's/.*YN0035: [^A-Za-z@]*([^ ]+): Package not found.*/\1/p' -e 's/.*YN0082: [^A-Za-z@]*([^ ]+): No candidates found.*/\1/p' \
    -e 's/.*YN0016: [^A-Za-z@]*([^ ]+): .*/\1/p' "$output" | head -n 1)
  [ -z "$wanted" ] || package_not_found "${wanted/@npm:/@}"
}

failed_own_script() {
  # It names the workspace and not the script: with one script there is no doubt.
  grep -qE "YN0009: .*@workspace:\. couldn't be built" "$1" || return 0
  local names
  read -r -a names <<<"$lifecycle_scripts"
  [ ${#names[@]} -ne 1 ] || echo "${names[0]}"
}

# Without devDependencies the zips that nothing names any more serve nobody.
settle_modules() {
  local file map
  [ "$linker" = pnp ] && [[ " ${own_paths[*]} " == *" .yarn/cache "* ]] && [ -f "$build_dir/.pnp.cjs" ] || return 0
  map=$(<"$build_dir/.pnp.cjs")
  for file in "$build_dir"/.yarn/cache/*.zip; do
    [[ ! -f $file || $map == *"/${file##*/}/"* ]] || rm "$file"
  done
}
