# Back to what ran before where a new version, or a new setting, does not come up: program, settings, service, database.
# Sourced by scripts/install, after install-program.sh and install-service.sh.

files_of_service() { printf '%s\n' "$settings_file" "$unit" "$starter" "$command_file" "$programs/twelve"; }

# Sets $before, the folder of the version that is installed; empty when there is none to go back to.
remember_what_runs() {
  local file
  remembered=$programs/before before=$(readlink "$programs/current" || true)
  if [ ! -e "$before/dist/main.js" ]; then
    before=''
    return
  fi
  # Of one that was killed, or whose way back came to no end: there is no other copy of what was there.
  if [ -e "$remembered" ]; then
    file=$remembered-$(date +%s)
    mv -T "$remembered" "$file"
    say "an installation before this one came to no end: settings and service from before it are in $file"
  fi
  trap forget_what_ran EXIT
  # A proxy's password may be in the settings.
  (umask 077 && mkdir "$remembered")
  for file in $(files_of_service); do
    if [ -e "$file" ]; then mkdir -p "$remembered${file%/*}" && cp -a "$file" "$remembered$file"; fi
  done
  copies_of_database >"$remembered/copies"
  remembered_at=$(date '+%F %T')
}

forget_what_ran() { rm -rf "$remembered"; }

# From here on, whatever ends this script before `shut_way_back` leads back.
open_way_back() { if [ -n "$before" ]; then trap go_back EXIT; fi; }

shut_way_back() {
  trap - EXIT
  forget_what_ran
}

# A `return` without a number, in a trap or below it, is the status of what was before the trap.
go_back() {
  local status=$? why="this was interrupted"
  trap - EXIT
  # Once begun it goes to its end, since half-way there is no database; the terminal, or what reads this, may be gone.
  trap '' INT TERM HUP PIPE
  set +e
  # Of `fail`.
  if [ "$status" -eq 1 ]; then why="what was started did not come up"; fi
  local what="version ${before##*/}" log="journalctl -u twelve --since \"$remembered_at\"" lost=''
  has_systemd || log="$service_log.old"
  hint="end it by hand, then run this again from the checkout of $what; settings and service as they were are in $remembered." \
    step "Stopping what was started, since $why" stop_installed
  hint="make that possible, then run this again from the checkout of $what; settings and service as they were are in $remembered. Where it refuses the database as a newer one's, docs/guide/08-backup-and-upgrade.md says how to go back to the copy." \
    step "Putting back $what, with its settings, its service and its database" put_back
  # What is started must not inherit that.
  trap : INT TERM HUP PIPE
  hint="read why: ${log%.old}. What was there before is in its place again." \
    step "Starting $what" start_what_ran
  forget_what_ran
  if [ -n "$database_kept" ]; then
    lost=" The database is the copy made before the upgrade; what was changed after it is in $database_kept alone."
  fi
  if [ "$before" = "$fresh" ]; then what+=" with the settings of before"; fi
  fail "Not installed: $why, and $what runs again.$lost" "read why ($log), mend that, then run this again."
}

stop_installed() {
  if has_systemd; then systemctl stop twelve; elif [ -x "$starter" ]; then "$starter" stop; fi
}

put_back() {
  local file
  put_back_database || return 1
  for file in $(files_of_service); do
    if cmp -s "$remembered$file" "$file"; then continue; fi
    if [ -e "$remembered$file" ]; then
      copy_or_move "$remembered$file" "$file.new" && mv "$file.new" "$file" || return 1
    else
      rm -f "$file"
    fi
  done
  make_current "$before" && keep_one_router
}

# A version from before decision 78 would take one that was told to leave, and has visitors still, for the one that serves.
# Without an engine none serves.
keep_one_router() {
  local instance
  instance=$(cat "$data_folder/instance" 2>/dev/null) || return 0
  "$node" scripts/lib/instance.js one-router "$instance" || return 0
}

# copy_or_move FROM TO: a full disk may be why one is here.
copy_or_move() { cp -a "$1" "$2" || mv "$1" "$2"; }

# The server makes a copy before it brings the database up to date, which the version before refuses.
# Sets $database_kept: where the database is that was brought up to date.
put_back_database() {
  local copy file=$data_folder/twelve.db aside=$data_folder/backups/twelve-upgraded.db number=1
  database_kept=''
  # An upgrade that failed took its own away again. Of more than one, the first is from before all of them.
  copy=$(copies_of_database | grep -vxFf "$remembered/copies" | head -n 1)
  if [ -z "$copy" ]; then return 0; fi
  # One from an earlier way back is whoever's it is to remove.
  while [ -e "$aside" ]; do aside=$data_folder/backups/twelve-upgraded-$((number += 1)).db; done
  copy_or_move "$copy" "$file.new" && mv "$file" "$aside" || return 1
  # What it holds is not of the copy.
  if [ -e "$file-wal" ]; then mv "$file-wal" "$aside-wal" || return 1; fi
  rm -f "$file-shm" && mv "$file.new" "$file" && database_kept=$aside
}

# Those of one schema in the order of time.
copies_of_database() {
  local folder=$data_folder/backups
  if [ -d "$folder" ]; then find "$folder/" -maxdepth 1 -name 'twelve-schema-*.db' | LC_ALL=C sort; fi
}

start_what_ran() {
  if has_systemd; then systemctl daemon-reload && systemctl_and_wait start; else starter_and_wait start; fi
}
