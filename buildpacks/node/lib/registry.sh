# Talking to the package registry with curl: where it is, what it wants to see, and what went wrong.

# Sets registries, when first needed: those to ask, in order. npm's own order: environment, the app's .npmrc, the host's settings.
find_registries() {
  list_registries
  [ ${#registries[@]} -gt 0 ] ||
    fail 'E9 registry-unreachable' 'No package registry is known to this build. Set one: registry=<address> in .npmrc, or the config var npm_config_registry.'
}

list_registries() {
  local address
  [ ${#registries[@]} -eq 0 ] || return 0
  for address in "$npm_config_registry" "$NPM_CONFIG_REGISTRY" "$(npmrc_value "$build_dir/.npmrc" registry)" "$(npmrc_value "$npm_config_globalconfig" registry)"; do
    [ -z "$address" ] || registries+=("${address%/}")
  done
}

# Other managers do not read npm's settings of the host: they get the same by environment.
use_registry() {
  list_registries
  [ ${#registries[@]} -eq 0 ] || export npm_config_registry=${registries[0]} NPM_CONFIG_REGISTRY=${registries[0]}
  [ -f "$npm_config_globalconfig" ] || return 0
  pass_on HTTPS_PROXY https-proxy
  pass_on HTTP_PROXY proxy
  pass_on NO_PROXY noproxy
  pass_on npm_config_strict_ssl strict-ssl
}

# pass_on <variable> <npm's name for it>
pass_on() {
  local value
  [ -z "${!1}" ] || return 0
  value=$(npmrc_value "$npm_config_globalconfig" "$2")
  [ -z "$value" ] || export "$1=$value"
}

# npmrc_value <file> <key>: the last one counts; ${NAME} is replaced as npm does, once: what a variable holds is not looked at again.
npmrc_value() {
  local line key value='' name done=''
  [ -f "$1" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    key=${line%%=*}
    key=${key//[[:space:]]/}
    [[ $line == *=* && $key == "$2" ]] || continue
    value=${line#*=}
    value=${value//[[:space:]\"\']/}
  done <"$1"
  while [[ $value =~ \$\{([A-Za-z_][A-Za-z0-9_]*)\} ]]; do
    name=${BASH_REMATCH[1]}
    done+=${value%%"\${$name}"*}$(value_of "$name")
    value=${value#*"\${$name}"}
  done
  printf '%s' "$done$value"
}

# get <registry> <path or address> <file>: a document or an archive, with the app's token for that registry if it has one.
get() {
  local address=$2 scope token basic header=''
  [[ $address == http*://* ]] || address=$1/$address
  scope=//${1#*//}/
  if [[ $address == "$1"/* ]]; then
    token=$(npmrc_value "$build_dir/.npmrc" "$scope:_authToken")
    basic=$(npmrc_value "$build_dir/.npmrc" "$scope:_auth")
    [ -n "$basic" ] && header="Authorization: Basic $basic"
    [ -n "$token" ] && header="Authorization: Bearer $token"
  fi
  # A minute of silence is no answer: waiting for the whole time, four times over, would take longer than a build may.
  # Through stdin: arguments of a program can be read by others.
  printf 'header = "%s"\n' 'accept: application/vnd.npm.install-v1+json, application/json;q=0.9, */*;q=0.1' ${header:+"$header"} |
    curl -K - -fsSL --retry 3 --speed-limit 1 --speed-time 60 --connect-timeout "${CURL_CONNECT_TIMEOUT:-90}" --max-time "${CURL_TIMEOUT:-600}" -o "$3" "$address" 2>>"$curl_problem"
}

curl_problem=/tmp/curl-problem

# get_from_any <path> <file>: the first registry that has it; sets registry. Fails with curl's status.
get_from_any() {
  local status=0
  find_registries
  : >"$curl_problem"
  for registry in "${registries[@]}"; do
    get "$registry" "$1" "$2" && return 0
    status=$?
  done
  return $status
}

# unreachable <curl's exit status>: E9 in words.
unreachable() {
  local cause="curl status $1"
  case $1 in
    5 | 6) cause='name not found' ;;
    7) cause='connection refused' ;;
    22) cause=$(grep -o 'error: [0-9]*' "$curl_problem" | tail -n 1) cause="it answered with ${cause:-an error}" ;;
    28) cause='timed out' ;;
    35 | 58 | 60 | 77) cause='certificate not trusted' ;;
    18 | 52 | 55 | 56) cause='connection lost' ;;
  esac
  registry_unreachable "$cause"
}

registry_unreachable() {
  fail 'E9 registry-unreachable' "The build could not talk to the package registry ($1). Your app is fine. If this host uses its own certificate authority, set the CA file in the server settings; otherwise retry."
}

# fetch_package <name> <version> <folder>: unpacks it there, once its bytes are what the registry's metadata promises.
fetch_package() {
  local name=$1 version=$2 folder=$3 document=/tmp/document-${1//\//-}.json archive=/tmp/archive-${1//\//-}.tgz tarball integrity status
  get_from_any "${name/\//%2f}/$version" "$document" || { status=$?; return $status; }
  { read -r tarball; read -r integrity; } < <(jq -r '.dist.tarball, (.dist.integrity // "")' "$document")
  get "$registry" "$tarball" "$archive" || { status=$?; return $status; }
  mkdir -p "$folder"
  tar -xzf "$archive" -C "$folder" --strip-components=1 --no-same-owner &
  case $integrity in
    sha512-*) [ "$(openssl dgst -sha512 -binary "$archive" | base64 -w 0)" = "${integrity#sha512-}" ] ;;
    *) false ;;
  esac
  status=$?
  wait $! || status=1
  rm -f "$archive"
  [ $status -eq 0 ] || {
    rm -rf "$folder"
    echo "$name@$version" >/tmp/integrity-problem
    return 200
  }
}
