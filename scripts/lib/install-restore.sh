# A backup as the beginning of an installation. Sourced by scripts/install, after steps.sh, install-service.sh and install-way-back.sh.

# take_restore OPTION FILE: as whoever calls this names it, from where they are.
take_restore() {
  local file=$2
  [[ $file == /* ]] || file=$called_from/$file
  if [ "$1" = --restore ]; then backup=$file; else backup_key=$file; fi
}

check_restore() {
  if [ -z "$backup$backup_key" ]; then return; fi
  [ -n "$backup" ] || fail "--key is the key of a backup, and none is named." "scripts/install --restore FILE --key KEY"
  [ -n "$backup_key" ] || fail "A backup is read with its key." "add --key KEY, the file that \"twelve server:key\" wrote on the server that was backed up."
}

# Before minutes go into an installation that cannot end, and before anything is changed.
refuse_restore() {
  local file found
  if [ -z "$backup" ]; then return; fi
  for file in "$backup" "$backup_key"; do
    [ -f "$file" ] || fail "There is no file $file. Nothing was changed." "name it with its whole path."
  done
  # What a restore left that was cut off is for the next one to remove.
  if [ ! -d "$data_folder" ] || [ -e "$data_folder/restoring" ]; then return; fi
  # As the restore itself looks: what a file system, or a look at who uses the folder, puts there is no data.
  mapfile -t found < <(find "$data_folder/" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name 'server.lock*' -printf '%f\n' | sort)
  if [ ${#found[@]} -eq 0 ]; then return; fi
  [ -e "$data_folder/twelve.db" ] || [ -e "$data_folder/instance" ] ||
    fail "$data_folder is not empty: ${found[*]:0:3}. Nothing was changed." "move what is there away, with the service stopped where there is one, then run this again."
  fail "$data_folder holds the data of a platform, and a backup is restored where there is none. Nothing was changed." \
    "where that is this backup already, and the installation failed after it: run this again without --restore and --key. Else take that platform away first, with scripts/install --uninstall, which asks whether its data goes too; kept, it has to be moved elsewhere."
}

# Before settings, service and the version that runs are touched: where it fails they are as they were.
restore_backup() {
  local todo="mend what is said above, then run this again. $data_folder is as empty as before."
  if [ -z "$backup" ]; then return; fi
  if service_is_installed; then
    # It would make a platform of its own in the empty folder.
    hint="look at: journalctl -u twelve, or $service_log" step "Stopping the service" stop_installed
    todo+=" The service stays stopped."
  else
    todo+=" There is no service yet."
  fi
  hint=$todo step --show "Restoring $backup" \
    "$fresh/bin/node" "$fresh/dist/cli/main.js" server:restore "$backup" --key "$backup_key" --data "$data_folder"
  say "Where something fails from here on, run this again without --restore and --key: the data is there."
}

# Whether it runs or not.
service_is_installed() { [ -e "$unit" ] || [ -x "$starter" ]; }

# Where no service of ours runs: an installed one with its data has these ports. The router of a platform that is restored
# may have gone on without its data.
refuse_ports_of_others() {
  local own='' ours='' others
  if [ -z "$backup" ] && [ -e "$data_folder/instance" ] && service_is_installed; then return; fi
  if [ -e "$data_folder/instance" ]; then own=$(<"$data_folder/instance"); fi
  others=$("$node" scripts/lib/instance.js routers) || others=''
  if [ -n "$own" ] && grep -qxF "$own" <<<"$others"; then ours=$(listening | grep '^TWELVE_HTTP'); fi
  others=$(grep -vxF "$own" <<<"$others" || true)
  (refuse_taken_ports "$ours") && return
  if [ -n "$others" ]; then
    say "On this engine runs the router of another platform: ${others//$'\n'/, }. Where its data is gone, this removes what is left of it:"
    say "$node scripts/lib/instance.js remove ${others%%$'\n'*}"
  fi
  exit 1
}
