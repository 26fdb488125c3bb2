# A log that does not fill the disk. Sourced by the service where there is no systemd.

log_limit=52428800
log_look=60

# keep_log_short FILE: in the background, as long as this shell lives; its starts, where the log is another one each time,
# may be a year apart.
keep_log_short() {
  trap 'kill $! 2>/dev/null; exit 0' TERM
  while kill -0 $$ 2>/dev/null; do
    sleep "$log_look" &
    wait $! || true
    shorten_log "$1"
  done
}

# shorten_log FILE: what is in it becomes the one before it. It is emptied and not moved, since whoever writes has it open
# to append, and goes on at its new end; on a full disk there is no one before it.
shorten_log() {
  if [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -le "$log_limit" ]; then return; fi
  cp -p "$1" "$1.old" || rm -f "$1.old"
  : >"$1"
}
