# Taking away what scripts/install made. Sourced by it, after steps.sh, engine.sh and install-service.sh.

uninstall() {
  [ -e "$programs" ] || [ -e "$data_folder" ] || [ -e "$unit" ] || [ -e "$starter" ] || fail "Twelve is not installed here." "nothing to do."
  ask_about_data
  hint="look at: journalctl -u twelve, or $service_log" step "Stopping the platform" stop_service
  hint="start the engine, then run this again: containers of the platform are left on it." \
    step "Removing its containers, networks and images of apps" remove_from_engine
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
  rm -rf "$programs" /run/twelve
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

remove_from_engine() {
  local instance verb=stop ours
  instance=$(cat "$data_folder/instance" 2>/dev/null) || return 0
  ours=$(node_of "$programs/current")
  [ -x "$ours" ] || ours=node
  if [ "$data" = remove ]; then verb=remove; fi
  TWELVE_ENGINE=$(setting_or TWELVE_ENGINE "$default_socket") "$ours" scripts/lib/instance.js "$verb" "$instance"
}
