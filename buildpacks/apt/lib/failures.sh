# What apt printed -> the cause, in words (failure catalogue of the buildpack reference).

# explain_failure <its output>
explain_failure() {
  local found cause=''
  sed 's/^/       /' "$1"
  found=$(sed -nE "s/^E: (Unable to locate package|Couldn't find any package by (glob|regex)) '?([^' ]+)'?$/\3/p; s/^E: Package '([^']+)' has no installation candidate$/\1/p" "$1" | head -n 1)
  [ -z "$found" ] || fail 'E10 package-not-found' "$found, named in Aptfile, is not among the packages of this stack's Debian. Check the spelling and the version in the name: apt-cache search on a Debian 13 machine, or packages.debian.org, shows what there is."
  found=$(sed -nE "s/^E: Version '([^']+)' for '([^']+)' was not found$/\2=\1/p" "$1" | head -n 1)
  [ -z "$found" ] || fail 'E10 package-not-found' "$found, named in Aptfile, is not to be had: Debian keeps only its newest version. Remove \"=${found#*=}\" from the line."
  grep -qE 'unmet dependencies|held broken packages' "$1" &&
    fail '' "The packages in Aptfile do not go together with each other or with the stack: $(grep -E 'Depends:|Conflicts:|Breaks:' "$1" | head -n 2 | sed 's/^ *//' | paste -sd ';'). Remove one of them."
  case $(<"$1") in
    *'Could not resolve'* | *'Temporary failure resolving'*) cause='name not found' ;;
    *'onnection refused'* | *'Could not connect'*) cause='connection refused' ;;
    *'ertificate'*) cause='certificate not trusted' ;;
    *'timed out'* | *'timeout'*) cause='timed out' ;;
    # That is all apt says of a server that takes a connection and never answers, or hangs up.
    *'Connection failed'* | *'Error reading from server'*) cause='no answer' ;;
    *'Failed to fetch'*) cause=$(grep -oE '(404|403|50[0-9]) +[A-Z][A-Za-z ]*' "$1" | head -n 1) ;;
  esac
  [ -z "$cause" ] || fail 'E9 registry-unreachable' "The build could not talk to Debian's archive ($cause). Your app is fine. If this host reaches it by a proxy, set the config var http_proxy; otherwise retry."
  fail '' 'apt-get failed; its output is above.'
}
