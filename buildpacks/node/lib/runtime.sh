# Node itself and npm: which version, from the registry or from the cache, into the slug.

# Sets node_version, npm_version, node_reason, manager_version. On a cached answer of the last day nothing is asked of the network.
choose_node() {
  local hint="" now also engine=engine_$manager wanted asked_range asked_npm asked_manager at
  registries=() node_version='' npm_version='' manager_version='' cached_node='' cached_npm='' cached_manager=''
  wanted_range
  check_range
  printf -v now '%(%s)T' -1
  [[ $range =~ ^[v=]*([0-9]+\.[0-9]+\.[0-9]+)$ ]] && node_version=${BASH_REMATCH[1]}
  {
    IFS= read -r asked_range; IFS= read -r asked_npm; read -r at; read -r cached_node; read -r cached_npm
    IFS= read -r asked_manager; read -r cached_manager
  } 2>/dev/null <"$cache_dir/node/resolved"
  wanted_npm
  wanted="$manager ${!engine} $package_manager $lock_format"
  # Without a lockfile this alone says which Yarn is meant.
  [ ! -f "$build_dir/.yarnrc.yml" ] || wanted+=' .yarnrc.yml'
  if [ "$asked_range" = "$range" ] && [ "$asked_npm" = "$npm_wanted" ] && [ "$asked_manager" = "$wanted" ] && [ $((now - ${at:-0})) -lt 86400 ]; then
    node_version=$cached_node npm_version=$cached_npm manager_version=$cached_manager
  else
    [ "$asked_range" = "$range" ] || cached_node=''
    [ "$asked_npm" = "$npm_wanted" ] || cached_npm=''
    [ "$asked_manager" = "$wanted" ] || cached_manager=''
    if [ "$manager" != npm ]; then choose_manager; fi
    [ -n "$node_version" ] || resolve_node
    resolve_npm
    mkdir -p "$cache_dir/node"
    printf '%s\n' "$range" "$npm_wanted" "$now" "$node_version" "$npm_version" "$wanted" "${manager_version:-$npm_version}" >"$cache_dir/node/resolved"
  fi
  if [ "$manager" = npm ]; then manager_version=$npm_version also=''; else also=", $manager $manager_version"; fi
  say "Node $node_version ($node_reason), npm $npm_version$also"
  [ -z "$hint" ] || say "$hint"
  warn_end_of_life
}

wanted_range() {
  local file
  range=$engine_node node_reason="engines.node \"$engine_node\""
  for file in .nvmrc .node-version; do
    [ -z "$range" ] && [ -f "$build_dir/$file" ] || continue
    range=$(sed -e 's/#.*//' -e 's/[[:space:]]//g' "$build_dir/$file" | sed -n '/./{p;q}')
    node_reason="$file \"$range\""
    case $range in
      node | latest | current | stable) range='*' ;;
      'lts/*' | lts) range=$(table '.default') ;;
      lts/*) range=$(table --arg name "${range#lts/}" '.names[$name | ascii_downcase] // "\($name)" | tostring') ;;
    esac
  done
  [ -n "$range" ] && return
  range=$(table .default)
  node_reason='current LTS'
  hint="To stay on this version, put \"engines\": {\"node\": \"$range\"} into package.json."
}

table() { jq -r "$@" "$pack_dir/lib/versions.json"; }

semver() { jq -rn -L "$pack_dir/lib" "$@"; }

# Plain majors and exact versions need no program to be judged.
check_range() {
  [[ $range =~ ^[v=^~]*[0-9]+(\.[0-9x]+){0,2}$ ]] && return
  [ "$(semver --arg range "$range" 'include "semver"; $range | valid')" = true ] && return
  bad_engine 'that is not a version range'
}

# bad_engine <why>: names whichever file asked for it.
bad_engine() {
  local what=engines.node
  case $node_reason in .*) what=${node_reason%% *} ;; esac
  fail 'E8 bad-engine' "$what is \"${engine_node:-$range}\": $1; newest here are $(table '.lts | sort | map("\(.).x") | join(", ")'). Set for example \"$(table .default)\"."
}

resolve_node() {
  local list=/tmp/node-versions.json status
  case $(architecture) in
    x64 | arm64) ;;
    *) fail 'E8 unsupported-machine' "This server is a $(architecture) machine, for which there is no ready-made Node; there is one for x86_64 and aarch64." ;;
  esac
  get_from_any "node-linux-$(architecture)" "$list"
  status=$?
  if [ $status -ne 0 ] && [ -n "$cached_node" ]; then
    node_version=$cached_node
    say 'The registry does not answer; going on with the version of the last build.'
    return
  fi
  [ $status -eq 0 ] || unreachable $status
  node_version=$(semver --arg range "$range" --slurpfile list "$list" --slurpfile table "$pack_dir/lib/versions.json" \
    'include "semver"; newest($range; $list[0].versions | keys; $table[0].lts) // ""')
  [ -n "$node_version" ] || bad_engine 'no version matches'
}

architecture() {
  case $(uname -m) in
    x86_64) echo x64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) uname -m ;;
  esac
}

# Sets npm_wanted, a version or a range, and where it stands. Where npm is not the manager, engines.npm only keeps people off it.
wanted_npm() {
  npm_wanted='' npm_where=engines.npm
  [ "$manager" = npm ] || return 0
  npm_wanted=$engine_npm
  case $package_manager in npm@*) npm_wanted=${package_manager#*@} npm_wanted=${npm_wanted%%+*} npm_where=packageManager ;; esac
}

# npm is fixed per Node major, so that the same push gives the same tree; engines.npm or packageManager may ask for another.
resolve_npm() {
  local list=/tmp/npm-versions.json status
  npm_version=$(table --arg major "${node_version%%.*}" '.npm[$major] // .npmOtherwise')
  [ -z "$npm_wanted" ] && return
  case $(semver --arg range "$npm_wanted" --arg version "$npm_version" 'include "semver"; $range | if valid then (. as $r | matches($r; $version)) else "invalid" end') in
    true) return ;;
    invalid) fail 'E8 bad-engine' "$npm_where is \"$npm_wanted\": that is not a version range. Set for example \"${npm_version%%.*}.x\"." ;;
  esac
  get_from_any npm "$list"
  status=$?
  if [ $status -ne 0 ]; then
    [ -n "$cached_npm" ] || unreachable $status
    npm_version=$cached_npm
    return
  fi
  npm_version=$(semver --arg range "$npm_wanted" --slurpfile list "$list" 'include "semver"; newest($range; $list[0].versions | keys; []) // ""')
  [ -n "$npm_version" ] || fail 'E8 bad-engine' "$npm_where is \"$npm_wanted\": no version matches. Set for example \"11.x\", or remove it."
}

warn_end_of_life() {
  local major=${node_version%%.*} ended
  # The newest lines are known to be alive: no program for those.
  case $major in 22 | 24 | 26) return ;; esac
  ended=$(table --arg major "$major" '.endOfLife[$major] // (if ($major | tonumber) < 14 then "years" else "" end)')
  [ -z "$ended" ] || warn "Node $major has had no security fixes since ${ended/years/years ago} (end of life). Set engines.node to \"$(table .default)\" when you can."
}

# The tree goes into the slug by moving where the cache protects its copy, else by copying (see README, Cache).
install_node() {
  local name=node-$node_version-npm-$npm_version tree
  tree=$cache_dir/.immutable/$name
  node_home=$build_dir/.heroku/node
  mkdir -p "$build_dir/.heroku" "$cache_dir/.immutable"
  start_manager
  [ ! -e "$node_home" ] || rm -rf "$node_home"
  if [ -x "$tree/bin/node" ]; then
    say 'Node and npm come from the cache.'
    take_tree "$tree" "$tree/bin/node" "$node_home"
  else
    download_node "$node_home"
    # Packages can be installed meanwhile; before the app's own programs run this is waited for.
    { cp -a --reflink=auto "$node_home" "$tree.part" && mv "$tree.part" "$tree"; } &
  fi
  keep_tree "$name"
  keep_tree "node-headers-$node_version"
  PATH=$node_home/bin:$PATH
  finish_manager
}

# take_tree <from> <a file in it> <to>
take_tree() {
  if [ -O "$2" ]; then cp -a --reflink=auto "$1" "$3"; else mv "$1" "$3"; fi
}

download_node() {
  local tree=$1 npm_status node_status npm_job
  find_registries
  mkdir -p "$tree/lib/node_modules" "$tree/bin"
  fetch_package npm "$npm_version" "$tree/lib/node_modules/npm" &
  npm_job=$!
  fetch_package "node-linux-$(architecture)" "$node_version" /tmp/node-unpacked
  node_status=$?
  wait $npm_job
  npm_status=$?
  check_fetched "Node $node_version" $node_status
  check_fetched "npm $npm_version" $npm_status
  mv /tmp/node-unpacked/bin/node "$tree/bin/node"
  mv /tmp/node-unpacked/LICENSE "$tree/" 2>/dev/null
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$tree/bin/npx"
  chmod +x "$tree/lib/node_modules/npm/bin/"{npm,npx}-cli.js
  rm -rf "$tree/lib/node_modules/npm/"{docs,man}
  say "Node $node_version and npm $npm_version downloaded."
}

# check_fetched <what> <status of fetch_package>
check_fetched() {
  case $2 in
    0) ;;
    22)
      grep -q 'error: 404' "$curl_problem" || unreachable 22
      case $1 in
        Node*) bad_engine 'no version matches' ;;
        *) fail 'E8 bad-engine' "The registry does not have $1. Set \"engines\": {\"npm\": …} to a version it has." ;;
      esac
      ;;
    200) registry_unreachable "what it sent for $1 is not what its own checksum says" ;;
    *) unreachable "$2" ;;
  esac
}

# Headers are for compiling native addons: 3,400 files that no running app reads, so they are one archive in the cache.
provide_headers() {
  local archive=$cache_dir/.immutable/node-headers-$node_version/headers.tar.zst
  [ -z "$npm_config_nodedir" ] || return
  if [ -d /tmp/node-unpacked/include ]; then
    mkdir -p "${archive%/*}"
    tar -C /tmp/node-unpacked -I 'zstd -q -1' -cf "$archive" include &
  elif [ -f "$archive" ] && native_possible; then
    mkdir -p /tmp/node-unpacked
    tar -C /tmp/node-unpacked -I zstd -xf "$archive" --no-same-owner
  else
    return
  fi
  export npm_config_nodedir=/tmp/node-unpacked
}

# npm writes into a lockfile which packages of a registry have install scripts; otherwise anything may come.
native_possible() {
  [ "$manager" != npm ] || [ -z "$lockfile" ] || [ ${#local_packages[@]} -gt 0 ] || [ "$has_workspaces" = true ] || [ -f "$build_dir/binding.gyp" ] || [ -d "$build_dir/node_modules" ] ||
    grep -q '"hasInstallScript": true' "$build_dir/$lockfile"
}

# keep_tree <name>: names what the cache has to keep although it was moved out.
kept_trees=()
keep_tree() { kept_trees+=("$1"); }

keep_trees() {
  local tree
  wait
  mkdir -p "$cache_dir/.immutable"
  printf '%s\n' "${kept_trees[@]}" >>"$cache_dir/.immutable/.keep"
  # What this build did not use is out of date; trees of other buildpacks are theirs.
  for tree in "$cache_dir/.immutable"/{node,manager,modules,downloads}-*; do
    [[ " ${kept_trees[*]} " == *" ${tree##*/} "* ]] || rm -rf "$tree"
  done
}
