# Saying what is done before it is done, how long it took, and what to do where it fails. Sourced by the scripts.

# seconds_since MICROSECONDS: `12.3`
seconds_since() {
  local tenths=$(((${EPOCHREALTIME/[^0-9]/} - $1) / 100000))
  echo "$((tenths / 10)).$((tenths % 10))"
}

say() { printf '       %s\n' "$*"; }

# fail WHAT [WHAT-TO-DO]: ends the script.
fail() {
  printf ' !     %s\n' "$1" >&2
  [ -z "${2-}" ] || printf ' !     What to do: %s\n' "$2" >&2
  exit 1
}

# [hint='what to do when it fails'] step TEXT COMMAND…: its output is shown only when it fails.
# [hint=…] step --show TEXT COMMAND…: its output is shown as it comes.
# COMMAND may be a function; it has to end with a status, since `set -e` does not reach into it.
step() {
  local show='' log status=0 started=${EPOCHREALTIME/[^0-9]/}
  if [ "$1" = --show ]; then
    show=1
    shift
  fi
  local text=$1
  shift
  printf -- '-----> %s\n' "$text"
  if [ -n "$show" ]; then
    "$@" || status=$?
  else
    log=$(mktemp "${TMPDIR:-/tmp}/twelve-step.XXXXXX")
    "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
      tail -n 30 "$log" | sed 's/^/       /' >&2
    fi
    rm -f "$log"
  fi
  if [ "$status" -ne 0 ]; then
    fail "$text: failed with status $status after $(seconds_since "$started") s." "${hint-}"
  fi
  say "done in $(seconds_since "$started") s"
}

# [hint=…] begin TEXT COMMAND…: the same beside other steps, one at a time; `finish` waits for it.
begin() {
  begun_text=$1 begun_hint=${hint-}
  shift
  begun_log=$(mktemp "${TMPDIR:-/tmp}/twelve-step.XXXXXX")
  printf -- '-----> %s, beside what follows\n' "$begun_text"
  # A process group of its own, so that a script that ends early leaves nothing of it behind.
  set -m
  "$@" >"$begun_log" 2>&1 </dev/null &
  begun_pid=$!
  set +m
  trap 'kill -- "-$begun_pid" 2>/dev/null; rm -f "$begun_log"' EXIT
}

finish() {
  [ -n "${begun_pid-}" ] || return 0
  hint=$begun_hint step "Waiting for: $begun_text" wait_for_begun
  trap - EXIT
  begun_pid=''
}

wait_for_begun() {
  local status=0
  wait "$begun_pid" || status=$?
  cat "$begun_log"
  rm -f "$begun_log"
  return "$status"
}

# alone COMMAND…: instead of this (sub)shell, without our open files and our caller's. What goes on after us would hold a
# caller's lock for ever, and some programs count on low numbers.
alone() {
  local file
  for file in /proc/self/fd/*; do
    file=${file##*/}
    [ "$file" -le 2 ] || eval "exec $file>&-"
  done
  exec "$@"
}

need_root() {
  [ "$(id -u)" -eq 0 ] || fail "$1 needs root." "run this again as root, or with sudo."
}
