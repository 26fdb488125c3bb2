#!/bin/sh
# git's credential helper: gives git the token of the server it asks about, without starting a program for it.
# What is out of the ordinary (no login, a login file somebody edited, a refused token) `twelve git:credentials` answers.
# Usage: git-credentials.sh <get|store|erase> <program and arguments of twelve git:credentials>
#
# Only what is exactly as the command line writes it counts here (platform/cli/login-file.ts, environment.ts).

operation=$1
shift
# git offers the token to keep after each use, and waits; it came from us.
[ "$operation" != store ] || exit 0
[ "$operation" = get ] || exec "$@" "$operation"

question='' protocol='' host=''
while IFS= read -r line && [ -n "$line" ]; do
  question="$question$line
"
  case $line in
    protocol=*) protocol=${line#*=} ;;
    host=*) host=${line#*=} ;;
  esac
done
origin=$protocol://$host

# The environment comes before the stored login.
token=''
if [ -n "$TWELVE_TOKEN" ]; then
  [ "$TWELVE_URL" != "$origin" ] || token=$TWELVE_TOKEN
else
  logins=${XDG_CONFIG_HOME:-$HOME/.config}/twelve/login.json
  server=''
  [ ! -r "$logins" ] || while IFS= read -r line; do
    case $line in
      "    \""*"\": {") server=${line#????\"} server=${server%%\"*} ;;
      '      "token": "'*'",')
        [ "$server" = "$origin" ] || continue
        token=${line#*: \"}
        token=${token%\",}
        ;;
    esac
  done <"$logins"
fi

case $token in
  '' | *[!A-Za-z0-9_.~+/=-]*) printf '%s' "$question" | "$@" "$operation" ;;
  *) printf 'username=twelve\npassword=%s\n' "$token" ;;
esac
