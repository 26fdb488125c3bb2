# What is served: the folder, the page for what is not there, and the starter that makes nginx serve it.

# Sets root, relative to the app: static.json's, else the first that has an index.html.
# A buildpack that has built the site and calls this one says by STATIC_FOLDERS where its pages may be.
choose_root() {
  local folder reason=default folders=${STATIC_FOLDERS:-public_html dist public .}
  root=$(jq -r '.root // ""' "$settings")
  if [ -n "$root" ]; then
    reason='static.json'
    root=${root#./}
    while [[ $root == */ ]]; do root=${root%/}; done
    [[ /$root/ != */../* && $root != /* ]] ||
      fail "\"root\" in static.json is \"$root\", which leads out of the app. Name a folder in it, such as \"dist\"."
    root=${root:-.}
  else
    for folder in $folders; do
      [ -f "$build_dir/$folder/index.html" ] && { root=$folder; break; }
    done
    for folder in $folders; do
      [ -n "$root" ] || [ ! -d "$build_dir/$folder" ] || root=$folder
    done
    root=${root:-.}
  fi
  [ -d "$build_dir/$root" ] || no_root
  [[ $(realpath "$build_dir/$root")/ == "$(realpath "$build_dir")"/* ]] ||
    fail "\"root\" in static.json is \"$root\", a link that leads out of the app. Name a folder in it, such as \"dist\"."
  if [ "$root" = . ]; then say "Serving the whole source ($reason)"; else say "Serving $root/ ($reason)"; fi
}

no_root() {
  local there actual hint='Is it committed? Check .gitignore and "git ls-files".'
  there=$(cd "$build_dir" && find . -maxdepth 1 -mindepth 1 -type d ! -name '.*' ! -name node_modules -printf '%f/ ' | tr ' ' '\n' | LC_ALL=C sort | head -n 20 | paste -sd ' ')
  actual=$(cd "$build_dir" && find . -type d -ipath "./$(sed 's/[][*?\\]/\\&/g' <<<"$root")" ! -path '*/node_modules/*' -printf '%P\n' -quit)
  [ -z "$actual" ] || fail "\"$root\" in static.json does not exist, but \"$actual\" does. Names are case-sensitive here: write \"root\": \"$actual\" or run git mv." 'E17 file-case'
  [ ! -f "$build_dir/package.json" ] ||
    hint='If a build makes it, let the node buildpack run before: a file .buildpacks with the lines "node" and "static"; and check what its build script writes to.'
  fail "\"root\" in static.json is \"$root\", but after the build there is no such folder. Folders here: ${there:-none}. $hint"
}

check_error_page() {
  local page
  page=$(jq -r '.error_page // ""' "$settings")
  [ -z "$page" ] || [ -f "$build_dir/$root/${page#/}" ] ||
    fail "\"error_page\" in static.json is \"$page\", but there is no such file in $([ "$root" = . ] && echo 'the root of the app' || echo "$root/"). Correct the name; it counts from root."
}

# Files of a slug all have the same time, which nginx would take for "unchanged": what was built is told by a sum of its content.
install_starter() {
  local sum
  sum=$({ cat "$settings"; cd "$build_dir/$root" && find . -name node_modules -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum; } | sha256sum)
  mkdir -p "$home"
  jq --arg root "$root" --arg sum "${sum:0:24}" '{settings: ., root: $root, sum: $sum}' "$settings" >"$home/site.json"
  cp "$pack_dir/lib/nginx.jq" "$home/nginx.jq"
  install -m 755 "$pack_dir/lib/start" "$home/start"
}

# nginx itself has the last word about the configuration; what only the environment of a process knows is made up here.
try_configuration() {
  local work=/tmp/static-try problem
  mkdir -p "$work"
  : >"$work/users"
  if ! problem=$(jq -r --arg app "$build_dir" --arg work "$work" --arg port 5000 --arg workers 1 --arg missing placeholder.example \
    --rawfile hosts /etc/hosts --rawfile resolv /etc/resolv.conf -f "$home/nginx.jq" "$home/site.json" 2>&1 >"$work/nginx.conf"); then
    fail "static.json: ${problem#jq: error (at *): }"
  fi
  problem=$(PATH=$PATH:/usr/sbin nginx -t -q -e stderr -p "$work" -c "$work/nginx.conf" 2>&1) ||
    fail "nginx does not take what static.json says: $(grep -v 'test failed' <<<"$problem" | sed 's/ in [^ ]*nginx.conf:[0-9]*//' | head -n 3 | paste -sd ' ')"
}
