# devDependencies served the build; the running app has no use for them.

pruned_programs=/tmp/pruned-programs

# By the manager's own record of what is there and why: no program of the manager runs, and each build prunes the same way.
prune_modules() {
  local record=$build_dir/node_modules/.package-lock.json paths=()
  if [ "$modules_restored" = true ] && [ -f "$modules/pruned-programs" ]; then cp "$modules/pruned-programs" "$pruned_programs"; fi
  [ -f "$record" ] && [ "$has_dev_dependencies" = true ] || return 0
  if why_not_pruned; then return 0; fi
  mapfile -t paths < <(jq -r --arg want paths -f "$pack_dir/lib/prune.jq" "$record")
  [ ${#paths[@]} -gt 0 ] || return 0
  jq -r --arg want bins -f "$pack_dir/lib/prune.jq" "$record" >"$pruned_programs"
  jq --arg want lock -f "$pack_dir/lib/prune.jq" "$record" >/tmp/pruned-record
  (cd "$build_dir" && printf '%s\0' "${paths[@]}" | xargs -0 rm -rf --)
  rm -f "$record" && mv /tmp/pruned-record "$record"
  find "$build_dir/node_modules" -maxdepth 2 \( -path '*/.bin/*' -xtype l -o -type d -name '@*' -empty \) -delete
  step 'Pruning devDependencies'
  say "${#paths[@]} $([ ${#paths[@]} -eq 1 ] && echo package || echo packages) removed"
}

why_not_pruned() {
  local why=''
  if [ "$NODE_ENV" != production ]; then
    why="NODE_ENV is $NODE_ENV"
  elif [ "$SKIP_PRUNING" = true ]; then
    why='SKIP_PRUNING is true'
  elif [ -n "$NPM_CONFIG_PRODUCTION" ]; then
    why="NPM_CONFIG_PRODUCTION is set"
  fi
  [ -n "$why" ] && say "devDependencies stay: $why."
}
