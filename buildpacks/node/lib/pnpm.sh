# pnpm: how it installs and prunes, and what its failures mean.

run_command=(pnpm run)
download_cache=/tmp/pnpm-store
key_files=(.npmrc pnpm-workspace.yaml .pnpmfile.cjs .pnpmfile.mjs)

manager_environment() {
  # Version 11 and later read their own prefix only. Our version is the one that packageManager names: no other is fetched.
  export pnpm_config_update_notifier=false pnpm_config_pm_on_fail=ignore pnpm_config_manage_package_manager_versions=false npm_config_manage_package_manager_versions=false
  # Dependencies are installed once, by us; a script must not begin an install because pruned ones are gone.
  export pnpm_config_verify_deps_before_run=false npm_config_verify_deps_before_run=false
  trust_own_credentials
  use_registry
}

set_install_command() {
  install_command=(pnpm install --prod=false --store-dir "$download_cache")
  if [ -n "$lockfile" ]; then install_command+=(--frozen-lockfile); else install_command+=(--no-frozen-lockfile); fi
}

why_manager_keeps() {
  [ "$PNPM_SKIP_PRUNING" != true ] || echo 'PNPM_SKIP_PRUNING is true'
}

# What is not needed any more would stay for a week otherwise.
set_prune_command() {
  prune_command=(env CI=true pnpm install --prod --ignore-scripts --offline --store-dir "$download_cache"
    --config.modules-cache-max-age=0 --config.confirm-modules-purge=false --config.strict-dep-builds=false)
  if [ -n "$lockfile" ]; then prune_command+=(--frozen-lockfile); else prune_command+=(--no-frozen-lockfile); fi
}

explain_manager() {
  local output=$1 code wanted names
  code=$(grep -oE 'ERR_PNPM_[A-Z0-9_]+' "$output" | head -n 1)
  case $code in
    ERR_PNPM_OUTDATED_LOCKFILE | ERR_PNPM_FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE) stale_lockfile "$(pnpm_difference "$output")" ;;
    ERR_PNPM_LOCKFILE_CONFIG_MISMATCH) stale_lockfile "it was made with other settings of pnpm" ;;
    ERR_PNPM_BROKEN_LOCKFILE | ERR_PNPM_LOCKFILE_BREAKING_CHANGE) lockfile_not_readable ;;
    ERR_PNPM_NO_LOCKFILE) grep -q 'not compatible lockfile' "$output" && lockfile_not_readable ;;
    ERR_PNPM_FETCH_404 | ERR_PNPM_NO_MATCHING_VERSION | ERR_PNPM_PACKAGE_NOT_FOUND)
      wanted=$(sed -nE -e 's/.*No matching version found for ([^ ]+).*/\1/p' -e 's/^([^ ]+) is not in the npm registry.*/\1/p' "$output" | head -n 1)
      package_not_found "$(with_range "$wanted")"
      ;;
    ERR_PNPM_IGNORED_BUILDS)
      names=$(sed -nE 's/.*Ignored build scripts: (.*)/\1/p' "$output" | head -n 1)
      scripts_blocked "$(sed -E 's/[^A-Za-z0-9@/]+$//' <<<"${names:-$(package_names "$output")}")" 'pnpm approve-builds'
      ;;
    ERR_PNPM_UNSUPPORTED_ENGINE | ERR_PNPM_BAD_PM_VERSION)
      fail 'E8 bad-engine' "$(sed -nE 's/^(Expected version|Got|Your .* version is incompatible.*)/\1/p' "$output" | head -n 3 | paste -sd ' ') (pnpm $manager_version, Node $node_version). Set engines or packageManager to what both accept."
      ;;
  esac
}

pnpm_difference() {
  local found
  found=$(sed -nE 's/^ +- ([^ ]+ \(lockfile: .*\))$/\1/p; s/^\* [0-9]+ dependencies were (added|removed): ([^,]+).*/\2 was \1/p' "$1" | head -n 1)
  printf '%s' "${found:-$(sed -nE 's/.*(specifiers in the lockfile.*)/\1/p' "$1" | head -n 1 | cut -c 1-200)}"
}

# `> name@1.0.0 postinstall /folder` stands above each script of the app's own, `. postinstall$ text` in a workspace.
failed_own_script() {
  local name
  name=$(sed -nE -e "s#^> .* ([a-z]+) $build_dir\$#\1#p" -e 's/^\. ([a-z]+): Failed$/\1/p' "$1" | tail -n 1)
  [ -z "$name" ] || ! grep -qE 'ELIFECYCLE|: Failed$' "$1" || echo "$name"
}

# Times and the build's folder would make each build's tree another one; nothing that runs reads them.
settle_modules() {
  [ -d "$build_dir/node_modules" ] || return 0
  rm -f "$build_dir/node_modules"/.pnpm-workspace-state*.json
  [ ! -f "$build_dir/node_modules/.modules.yaml" ] ||
    sed -i -E 's/^( *"?prunedAt"?: ).*[0-9]{4}.*GMT"?(,?)$/\1"Thu, 01 Jan 1970 00:00:00 GMT"\2/' "$build_dir/node_modules/.modules.yaml"
}

# Version 10 goes on without the scripts that nobody has approved; the app finds out when it runs.
after_install() {
  local names
  settle_modules
  names=$(sed -nE 's/.*Ignored build scripts: (.*)/\1/p' "$1" | head -n 1 | sed -E 's/[^A-Za-z0-9@/]+$//')
  [ -z "$names" ] || warn "pnpm did not run the install scripts of $names." 'If they are needed: run pnpm approve-builds locally, commit the change.'
}
