# The machine's own firewall. Its rules are the machine's owner's: only said, never changed. Sourced by scripts/install, after
# steps.sh, engine.sh and install-service.sh.

bridge_of_engine=/sys/class/net/docker0

# A firewalld that was started after the engine shuts the networks of containers, and has taken the engine's rules away: images
# and builds reach no packages, apps nothing at all, and no network can be made. Of an engine elsewhere it knows nothing.
refuse_firewall_of_later() {
  if [ "$(engine_socket)" != "$default_socket" ] || [ ! -e "$bridge_of_engine" ] || ! firewalld_runs; then return; fi
  if firewall-cmd --get-zone-of-interface="${bridge_of_engine##*/}" >/dev/null 2>&1; then return; fi
  fail "firewalld was started after the Docker Engine, and shuts off the networks of its containers: images, builds and apps reach nothing. Service and settings are as they were." "let the engine begin anew (systemctl restart docker), then run this again. After a restart of the machine the two begin in the right order."
}

firewalld_runs() { command -v firewall-cmd >/dev/null && firewall-cmd --state >/dev/null 2>&1; }

ufw_runs() { command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active'; }

advise_on_firewall() {
  local ports=() each allowed
  for each in $(listening); do
    case $each in
      # Not encrypted, and for this machine.
      TWELVE_API=*) ;;
      *=127.* | *=localhost:* | *'=[::1]'*) ;;
      *) ports+=("${each##*:}") ;;
    esac
  done
  if [ ${#ports[@]} -eq 0 ]; then return; fi
  if ufw_runs; then
    allowed=$(printf ' && ufw allow %s/tcp' "${ports[@]}")
    say "The firewall ufw is active; this lets visitors in: ${allowed# && }"
  elif firewalld_runs; then
    say "firewalld is active; this lets visitors in: firewall-cmd --permanent$(printf ' --add-port=%s/tcp' "${ports[@]}") && firewall-cmd --reload"
  else
    say "A firewall in front of this machine has to let in these TCP ports: ${ports[*]}."
  fi
}
