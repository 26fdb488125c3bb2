# devDependencies served the build; the running app has no use for them.

pruned_programs=/tmp/pruned-programs

prune_modules() {
  if [ "$modules_restored" = true ] && [ -f "$modules/pruned-programs" ]; then cp "$modules/pruned-programs" "$pruned_programs"; fi
  [ "$has_dev_dependencies" = true ] || [ "$has_workspaces" = true ] || return 0
  if [ "$manager" = npm ] && [ "${npm_version%%.*}" -ge 7 ]; then
    prune_by_record
  elif [ "$modules_committed" != true ]; then
    # Others would install anew what is committed.
    prune_by_manager
  fi
}

# By npm's own record of what is there and why: no program of npm runs, and each build prunes the same way.
prune_by_record() {
  local record=$build_dir/node_modules/.package-lock.json paths=()
  [ -f "$record" ] || return 0
  if why_not_pruned; then return 0; fi
  mapfile -t paths < <(jq -r --arg want paths -f "$pack_dir/lib/prune.jq" "$record")
  [ ${#paths[@]} -gt 0 ] || return 0
  jq -r --arg want bins -f "$pack_dir/lib/prune.jq" "$record" >"$pruned_programs"
  jq --arg want lock -f "$pack_dir/lib/prune.jq" "$record" >/tmp/pruned-record
  (cd "$build_dir" && printf '%s\0' "${paths[@]}" | xargs -0 rm -rf --)
  rm -f "$record" && mv /tmp/pruned-record "$record"
  find "$build_dir/node_modules" -maxdepth 2 \( -path '*/.bin/*' -xtype l -o -type d -name '@*' -empty \) -delete
  say_pruned ${#paths[@]}
}

# say_pruned <how many>
say_pruned() {
  step 'Pruning devDependencies'
  say "$1 $([ "$1" -eq 1 ] && echo package || echo packages) removed"
}

why_not_pruned() {
  local why=''
  if [ "$NODE_ENV" != production ]; then
    why="NODE_ENV is $NODE_ENV"
  elif [ "$SKIP_PRUNING" = true ]; then
    why='SKIP_PRUNING is true'
  else
    why=$(why_manager_keeps)
  fi
  [ -n "$why" ] && say "devDependencies stay: $why."
}

# Others prune by a program that wants its download cache. What it changed is kept with the tree, and done again without it.
prune_by_manager() {
  [ -d "$build_dir/node_modules" ] || [ ${#own_paths[@]} -gt 0 ] || return 0
  if why_not_pruned; then return 0; fi
  if [ "$modules_restored" = true ]; then
    [ ! -f "$modules/pruned/count" ] || replay_pruning
    return 0
  fi
  dev_programs >/tmp/dev-programs
  snapshot >/tmp/before-pruning
  set_built_aside
  step 'Pruning devDependencies'
  set_prune_command
  program_of_manager "${prune_command[@]}"
  [ "$(type -t settle_modules)" != function ] || settle_modules
  put_built_back
  snapshot >/tmp/after-pruning
  while IFS=$'\t' read -r program package; do
    [ -e "$build_dir/node_modules/.bin/$program" ] || printf '%s\t%s\n' "$program" "$package"
  done </tmp/dev-programs >"$pruned_programs"
  record_pruning
}

# What the build has changed or made inside node_modules: a manager takes it for damage and repairs it.
set_built_aside() (
  cd "$build_dir" || exit
  rm -rf /tmp/built-files && mkdir /tmp/built-files && : >/tmp/built
  [ ! -d node_modules ] || module_paths | grep -E '(^|/)node_modules$' | tr '\n' '\0' |
    xargs -0 -I {} find {} ! -type d -cnewer /tmp/installed -print | LC_ALL=C sort >/tmp/built
  [ ! -s /tmp/built ] || tr '\n' '\0' </tmp/built | xargs -0 cp -a --parents -t /tmp/built-files
)

put_built_back() (
  cd /tmp/built-files || exit
  while IFS= read -r path; do
    # A package that has gone takes with it what was built there; other folders (.cache, .prisma) are the build's own.
    [[ $path =~ ^(.*node_modules/(@[^/]+/)?([^/]+))/ ]] || continue
    [[ ${BASH_REMATCH[3]} != .* && ! -d $build_dir/${BASH_REMATCH[1]} ]] || cp -a --parents "$path" "$build_dir"
  done </tmp/built
)

# Path, kind, and for what is no folder size, time and target, one a line.
snapshot() (
  cd "$build_dir" || exit
  mapfile -t paths < <(module_paths)
  [ ${#paths[@]} -gt 0 ] || exit 0
  find "${paths[@]}" \( -type d -printf '%p\td\n' -o -printf '%p\t%y\t%s\t%T@\t%l\n' \) | LC_ALL=C sort
)

record_pruning() {
  local removed=/tmp/pruning-removed changed=/tmp/pruning-changed
  # With a separator that comes before every other character, a folder is followed by what was in it.
  LC_ALL=C comm -23 <(cut -f 1 /tmp/before-pruning | tr / '\001' | LC_ALL=C sort) <(cut -f 1 /tmp/after-pruning | tr / '\001' | LC_ALL=C sort) |
    awk 'last == "" || index($0, last "\001") != 1 { print; last = $0 }' | tr '\001' / >"$removed"
  LC_ALL=C comm -13 /tmp/before-pruning /tmp/after-pruning | cut -f 1 | LC_ALL=C sort | LC_ALL=C comm -23 - /tmp/built >"$changed"
  say "$(packages_in "$removed") removed"
  # Where the pruned tree itself is kept there is nothing to do again.
  [ -f "$modules/paths" ] || return 0
  mkdir -p "$modules/pruned"
  tar -C "$build_dir" -cf "$modules/pruned/changed.tar" --no-recursion -T "$changed"
  cp "$removed" "$modules/pruned/removed"
  cp "$pruned_programs" "$modules/pruned-programs"
  packages_in "$removed" >"$modules/pruned/count"
}

# packages_in <list of paths>: "3 packages"
packages_in() {
  local count
  # pnpm has each package once, and links to it from everywhere; so has Bun in workspaces, and leaves the empty folder.
  count=$({
    grep -oE '(^|/)node_modules/\.pnpm/[^/]+@[^/]+$' "$1"
    grep -oE '(^|/)node_modules/\.bun/[^/]+@[^/]+/' "$1"
  } | sort -u | wc -l)
  [ "$count" -gt 0 ] || count=$(grep -cE '(^|/)(node_modules/(@[^/]+/)?[^/.@][^/]*|\.yarn/cache/[^/]+)$' "$1")
  echo "$count $([ "$count" -eq 1 ] && echo package || echo packages)"
}

replay_pruning() {
  (cd "$build_dir" && tr '\n' '\0' <"$modules/pruned/removed" | xargs -0 -r rm -rf --)
  tar -C "$build_dir" -xf "$modules/pruned/changed.tar" --no-same-owner
  step 'Pruning devDependencies'
  say "$(<"$modules/pruned/count") removed"
}

# Programs of the app's own devDependencies, lines of `<program>\t<package>`.
dev_programs() (
  cd "$build_dir" || exit
  if [ -d node_modules ]; then
    jq -r '.devDependencies // {} | keys[] | "node_modules/\(.)/package.json"' package.json |
      while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
      xargs -0 -r jq -r '.name as $name | .bin | if type == "object" then keys[] elif type == "string" then ($name | sub("^@[^/]*/"; "")) else empty end | [., $name] | @tsv'
  else
    # Without node_modules the lockfile is what knows.
    jq -r '.devDependencies // {} | keys[]' package.json | awk '
      NR == FNR { dev[$0] = 1; next }
      /^"/ { name = substr($0, 2); sub(/@[a-z]+:.*/, "", name); bins = 0; next }
      /^  bin:/ { bins = 1; next }
      /^  [^ ]/ { bins = 0 }
      bins && (name in dev) { program = $1; gsub(/[":]/, "", program); print program "\t" name }
    ' - yarn.lock
  fi
)
