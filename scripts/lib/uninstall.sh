# Taking away what scripts/install made. Sourced by it, after steps.sh, engine.sh, rules-and-sockets.sh and install-service.sh.

uninstall() {
  local instance
  [ -e "$programs" ] || [ -e "$data_folder" ] || [ -e "$unit" ] || [ -e "$starter" ] || fail "Twelve is not installed here." "nothing to do."
  ask_about_data
  hint="look at: journalctl -u twelve, or $service_log" step "Stopping the platform" stop_service
  if instance=$(cat "$data_folder/instance" 2>/dev/null) && [ -n "$instance" ]; then
    ask_engine_as_service
    if engine_is_gone; then
      say "no Docker Engine answers at $(engine_socket), and none is installed: going on without. Should containers have outlived it, they end with the machine's next restart."
    else
      hint="start the engine, then run this again: containers of the platform are left on it." \
        step "Removing its containers, networks and images of apps" remove_from_engine
    fi
    hint=$(how_to_remove_rules "$instance") \
      step "Removing its rules of the packet filter, and its sockets" remove_rules_and_sockets "$instance"
  fi
  rm -f "$unit" "$starter"
  if has_systemd; then systemctl daemon-reload; fi
  if is_our_command "$command_file"; then rm -f "$command_file"; fi
  if [ "$data" = remove ]; then
    step "Removing data and settings" remove_data
    # A container's processes may have the same number.
    if is_our_user; then userdel twelve || say "the user twelve is left: userdel twelve"; fi
  else
    say "data and settings stay: $data_folder and $settings_file; the next scripts/install goes on with them"
  fi
  rm -rf "$programs"
  say "removed. The Docker Engine, git and other packages stay, and the images twelve/* that apps are built and run on."
}

# Sets $data to keep or remove. Without a terminal nobody can be asked, and what is not asked for is not removed.
ask_about_data() {
  local answer=''
  [ "$data" = ask ] || return 0
  data=keep
  [ -t 0 ] && [ -d "$data_folder" ] || return 0
  printf '       %s holds all apps, their releases, config and logs (%s).\n' "$data_folder" "$(du -sh "$data_folder" | cut -f1)"
  read -r -p '       Type "remove" to remove it too, or press Enter to keep it: ' answer
  case $answer in
    remove) data=remove ;;
    '') ;;
    *) fail "\"$answer\" is neither. Nothing was changed." "run this again." ;;
  esac
}

stop_service() {
  if has_systemd && [ -e "$unit" ]; then systemctl disable --now twelve || return; fi
  if [ -x "$starter" ]; then "$starter" stop; fi
}

# The folder itself may be where another disk is mounted, or a link to there.
remove_data() {
  if [ -d "$data_folder" ]; then find "$data_folder/" -mindepth 1 -delete || return; fi
  rm -rf "${settings_file%/*}" "$service_log" "$service_log.old" || return
  if [ -L "$data_folder" ] || [ ! -d "$data_folder" ]; then rm -f "$data_folder"; else rmdir "$data_folder" || mountpoint -q "$data_folder"; fi
}

# Sets what the engine is asked with: the program's own Node, where the machine has none, and the socket of the settings.
# An installation that ended before its program was the one that runs, after a restore say, has left just the Node.
ask_engine_as_service() {
  local ours
  for ours in "$(node_of "$programs/current")" "$programs"/nodes/*/bin/node; do
    if [ -x "$ours" ] && "$ours" --version >/dev/null 2>&1; then
      PATH=${ours%/*}:$PATH
      break
    fi
  done
  TWELVE_ENGINE=$(setting_or TWELVE_ENGINE "$default_socket")
  export TWELVE_ENGINE
}

# One that is only stopped has containers of ours, and starts them again.
engine_is_gone() { [ "$(engine_socket)" = "$default_socket" ] && ! dockerd_installed && ! engine_answers; }

remove_from_engine() {
  local verb=stop
  if [ "$data" = remove ]; then verb=remove; fi
  node scripts/lib/instance.js "$verb" "$instance"
}
