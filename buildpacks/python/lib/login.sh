# A package index that wants another login than it got: which one, and what to do.

# login_refused <output>: returns where no index asked for one.
login_refused() {
  local address host package
  address=$(refused_address "$1")
  [ -n "$address" ] || return 0
  host=${address#*//} host=${host##*@} host=${host%%/*}
  package=$(not_found_by_pip "$1")
  [ -n "$package" ] || package=$(sed -E 's#[?\#].*##; s#/+$##; s#.*/##' <<<"$address")
  fail 'E10 package-not-found' "The index $host did not give this build $package: $(what_about_login "$host")"
}

# The address that was answered with 401 or 403. pip goes on to the next index then: only its log says so. It is asked a
# second time for that, since with a log pip does not show what the programs said that it runs, such as compilers.
refused_address() {
  local wanted found log=/tmp/pip-log
  wanted=$(not_found_by_pip "$1")
  if [ -n "$wanted" ]; then
    wanted=$(sed -E 's/[^A-Za-z0-9._-].*//; s/[-_.]+/-/g' <<<"${wanted,,}")
    (cd "$build_dir" && export PIP_LOG=$log && as_app "${last_command[@]}") >/dev/null 2>&1 </dev/null || true
    found=$(grep -shE "40[13] Client Error: .* for url: [^ ]*/$wanted/" "$log" | head -n 1)
  else
    found=$(one_line "$1" | grep -oE 'An index URL \(https?:[^ )]+\) could not be queried due to a lack of valid authentication|Authorization error accessing https?:[^ ]+|40[13] (Client Error|Unauthorized|Forbidden)[^/]* \(?https?:[^ )]+|HTTP status client error \(40[13] [A-Za-z]+\) for url \(https?:[^ )]+' | head -n 1)
  fi
  grep -oE 'https?:[^ )]+' <<<"$found" | head -n 1
}

# what_about_login <host>
what_about_login() {
  local name named=''
  for named in $(grep -hoE '\$\{[A-Z_][A-Z0-9_]*\}' -- "${package_files[@]}" "$build_dir/pyproject.toml" 2>/dev/null | tr -d '${}'); do
    [ -s "$config_dir/$named" ] || { echo "the config var $named, which $(deciding_file) names, is not set. Set it to a token that may read this package."; return; }
  done
  for name in "$named" "${imported[@]}"; do
    [[ -n $name && -f $config_dir/$name && ($(<"$config_dir/$name") == *"@$1"* || $name == "$named" || $name == UV_INDEX_*_PASSWORD || $name == POETRY_HTTP_BASIC_*_PASSWORD) ]] || continue
    echo "it refused the login in the config var $name. The token is wrong, has expired, or may not read this package: set $name to another one."
    return
  done
  echo "it asks for a login. $(how_to_log_in "$1")"
}

# how_to_log_in <host>
how_to_log_in() {
  case $manager in
    uv) echo "Give it by the config vars UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD, where <NAME> is the index's name in pyproject.toml in capitals." ;;
    poetry) echo "Give it by the config vars POETRY_HTTP_BASIC_<NAME>_USERNAME and POETRY_HTTP_BASIC_<NAME>_PASSWORD, where <NAME> is the source's name in pyproject.toml in capitals." ;;
    *) echo "Write its address in ${lockfile:-requirements.txt} with the login in it, such as --extra-index-url https://<user>:\${INDEX_TOKEN}@$1/<path>, and set the config var INDEX_TOKEN." ;;
  esac
}
