# One installation or removal at a time. Sourced by scripts/install, after steps.sh.

install_lock=/run/twelve-install.lock

# Held until this script ends, however it ends: what it starts and leaves running is given no part in it (`alone`).
one_at_a_time() {
  local holder
  exec {lock_file}>>"$install_lock"
  if ! flock --nonblock "$lock_file"; then
    holder=$(head -c 20 "$install_lock")
    fail "Another installation or removal of the platform is under way here (process ${holder:-unknown}). Nothing was changed." "wait until it has ended, then run this again."
  fi
  echo $$ >"$install_lock"
}
