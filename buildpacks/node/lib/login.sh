# Private registries: the app's tokens for those who do not read them, and what a refused login means.

settings_files=(.npmrc .yarnrc .yarnrc.yml bunfig.toml)

# pnpm replaces no variables in credentials of a project's file, which may be a stranger's. Here the project is the app, whose
# config vars they are: as settings of the build's user the same lines count. The variables' values are not written down.
trust_own_credentials() {
  [ -f "$build_dir/.npmrc" ] && [ ! -e "$HOME/.npmrc" ] && [ ! "$HOME" -ef "$build_dir" ] || return 0
  grep -E '^[[:space:]]*//[^=]*=.*\$\{' "$build_dir/.npmrc" >"$HOME/.npmrc" || rm -f "$HOME/.npmrc"
}

# login_refused <output>: returns where no registry asked for another login than it got.
login_refused() {
  local output=$1 address host variable
  address=$(refused_address "$output")
  variable=$(missing_variable "$output")
  [ -n "$address" ] || [ -n "$variable" ] || grep -qE '^npm (error|ERR!) code (E401|E403|ENEEDAUTH)|YN0041' "$output" || return 0
  host=${address#*//} host=${host%%/*}
  [ -n "$host" ] || host=$(only_private_host)
  fail 'E10 package-not-found' "The registry${host:+ $host} did not give this build $(refused_package "$output" "$address"): $(what_about_token "$variable" "${host:-<registry>}")"
}

# The host that the settings have a login for; nothing where there are several.
only_private_host() {
  local found
  found=$(cd "$build_dir" && {
    grep -hoE '^ *//[^=]+:(_authToken|_auth|_password)' .npmrc | grep -oE '//[^/]+' | grep -v '//registry\.npmjs\.org'
    grep -hoE 'npmRegistryServer"?: *"?https?://[^/" ]+' .yarnrc.yml | grep -oE '//[^/]+'
  } 2>/dev/null | sort -u)
  [[ $found == *$'\n'* ]] || echo "${found#//}"
}

# The address that was answered with 401 or 403, without a login or a token in it.
refused_address() {
  local found
  found=$(sed -nE -e 's/.*40[13] (Unauthorized|Forbidden) - (GET|PUT) ([^ ]+).*/\3/p' -e 's/.*ERR_PNPM_FETCH_40[13].* GET ([^ ]+): .*/\1/p' \
    -e 's/^error: GET ([^ ]+) - 40[13]( .*)?$/\1/p' -e 's/.*"?(https?:[^ "]+): (Request failed )?\\?"40[13] .*/\1/p' "$1" | head -n 1)
  [ -n "$found" ] || found=$(asked_again "$(sed -nE 's/^error (Error: )?(https?:[^ ]+): .*/\2/p' "$1" | head -n 1)")
  sed -E 's#//[^/@]*@#//#; s/[?#].*//' <<<"$found"
}

# Yarn 1 tells what the registry said, in its own words, and not the status: the address is asked once more.
asked_again() {
  local line key value header=''
  [ -n "$1" ] && [[ $1 != *.tgz ]] || return 0
  while IFS= read -r line; do
    key=${line%%:_authToken=*}
    [[ ${1#*:} == "${key%/}"/* ]] || continue
    value=$(npmrc_value "$build_dir/.npmrc" "$key:_authToken")
    header="Authorization: Bearer $value"
  done < <(grep -sE '^//.*:_authToken=' "$build_dir/.npmrc")
  case $(printf 'header = "%s"\n' ${header:+"$header"} | curl -K - -sL --max-time 30 -o /dev/null -w '%{http_code}' "$1") in
    401 | 403) echo "$1" ;;
  esac
}

# A variable that a manager did not find, where that ended the install or may have sent it to another registry.
missing_variable() {
  local name
  name=$(sed -nE -e 's/.*Failed to replace env in config: \$\{([A-Za-z0-9_]+).*/\1/p' -e 's/.*Environment variable not found \(([A-Za-z0-9_]+)\).*/\1/p' "$1" | head -n 1)
  ! grep -qE '^error Error: Failed to replace env|^Usage Error: Environment variable not found|ERR_PNPM_FETCH_40[134]' "$1" || echo "$name"
}

# refused_package <output> <address>
refused_package() {
  local name
  name=$(sed -nE 's/.*YN0041: [^A-Za-z@]*([^ ]+): .*/\1/p' "$1" | head -n 1)
  [ -n "$name" ] || name=$(sed -nE 's#/-/.*##; s#.*/(@[^/]+/[^/]+)$#\1#p; t; s#.*/([^/]+)$#\1#p' <<<"${2//%2[fF]//}")
  if [ -n "$name" ]; then with_range "${name/@npm:/@}"; else echo 'a package'; fi
}

# what_about_token <variable that is missing> <host>
what_about_token() {
  local name=$1 file named=''
  for file in "${settings_files[@]}"; do
    [ -f "$build_dir/$file" ] || continue
    for named in $(grep -iE 'auth|password|token' "$build_dir/$file" | grep -oE '\$\{[A-Za-z_][A-Za-z0-9_]*|(= *"|@)\$[A-Za-z_][A-Za-z0-9_]*' | grep -oE '[A-Za-z_][A-Za-z0-9_]*$'); do
      [ -n "$name" ] || [ -n "$(value_of "$named")" ] || name=$named
      [ -z "$name" ] || { echo "the config var $name, which $file names, is not set. Set it to a token that may read this package."; return; }
    done
    [ -z "$named" ] || { echo "it refused the token in the config var $named, which $file names. The token is wrong, has expired, or may not read this package: set $named to another one."; return; }
  done
  echo "it asks for a login. If the package is yours, add //$2/:_authToken=\${NPM_TOKEN} to .npmrc, commit it, and set the config var NPM_TOKEN to a token that may read this package."
}

# wrong_checksum <output>: returns where every file was the one that it had to be.
wrong_checksum() {
  local found whose=${lockfile:-"the registry's own page"}
  found=$(sed -nE -e 's/.*tarball data for (.+)@(https?:[^ ]+) \(.* seems to be corrupted.*/\1 (\2)/p' -e 's/^error (https?:[^ ]+): Integrity check failed for "([^"]+)".*/\2 (\1)/p' \
    -e 's/.*YN0018: [^A-Za-z@]*([^ ]+): The remote archive does.*/\1/p' -e 's/.*ERR_PNPM_TARBALL_INTEGRITY.*Got unexpected checksum for "([^"]+)".*/\1/p' \
    -e 's/^error: IntegrityCheckFailed extracting tarball from (.*)/\1/p' "$1" | head -n 1 | sed -E 's#//[^/@]*@#//#; s/[?#][^)]*//; s/@npm:/@/')
  [ -n "$found" ] || ! grep -q '^npm \(error\|ERR!\) code EINTEGRITY' "$1" || found='A package'
  [ -n "$found" ] || return 0
  fail 'E7 lockfile-stale' "$found from the registry is not the file whose checksum $whose has.${lockfile:+ If its version was changed by hand, the checksum is out of date: take its entry out of $lockfile, run $manager install locally, commit $lockfile.} If not, find out who changed the file before you install it anywhere."
}
