# A demonstration on a terminal: headings, commands as typed, ticks with times; Ctrl-C ends what runs.
# Sourced by the scripts, after steps.sh.

if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' dim='' green='' red='' plain=''
fi

# heading TEXT: what is done next; the clock of `tick` starts.
heading() {
  heading=$1 heading_started=${EPOCHREALTIME/[^0-9]/}
  printf '\n%s-----> %s%s\n' "$bold" "$1" "$plain"
}

# tick TEXT: done, and how long since its heading.
tick() { printf '     %s✓%s %s %s(%s s)%s\n' "$green" "$plain" "$1" "$dim" "$(seconds_since "$heading_started")" "$plain"; }

# typed COMMAND…: the command line as one would type it.
typed() { printf '       %s$ %s%s\n' "$dim" "$*" "$plain"; }

# In a process group of its own, waited for in a way that a trap interrupts: bash handles no signal before a foreground
# command has ended.
run() {
  local status=0
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  wait "$child" || status=$?
  child=''
  return "$status"
}

# show COMMAND…: shows the command and what it prints, in one stream.
show() {
  typed "$@"
  run "$@" 2>&1
}

# Ends what `run` runs, with all its children.
end_child() {
  [ -n "${child-}" ] || return 0
  kill -TERM -- "-$child" 2>/dev/null || return 0
  local tenths=0
  while kill -0 -- "-$child" 2>/dev/null && [ $((tenths += 1)) -lt 50 ]; do sleep 0.1; done
  kill -KILL -- "-$child" 2>/dev/null || true
  wait "$child" 2>/dev/null || true
  child=''
}
