# What whoever installed has to know now. Sourced by scripts/install, after steps.sh and install-service.sh.

advise() {
  local api domain name
  api=$(setting_or TWELVE_API 127.0.0.1:5480)
  domain=$(setting_or TWELVE_DOMAIN localhost)
  name=$domain
  if [ "$domain" = localhost ]; then name=$(hostname -f 2>/dev/null || hostname); fi
  say ""
  if [ "$domain" = localhost ]; then
    say "Apps answer at <app>.localhost, on this machine alone. For the world: scripts/install --domain apps.example.com"
  else
    say "Apps answer at http://<app>.$domain: both $domain and *.$domain have to resolve to this machine."
  fi
  advise_on_firewall
  say "First token: $data_folder/admin-token, for root alone. Settings: $settings_file."
  say "On your own machine, with the command twelve from a clone like this:"
  say ""
  say "  ssh -N -L 5480:$api root@$name &"
  say "  ssh root@$name cat $data_folder/admin-token | twelve login http://127.0.0.1:5480"
  say ""
}

# The rules are the machine's owner's: only said, never changed.
advise_on_firewall() {
  local port=$(setting_or TWELVE_HTTP 0.0.0.0:80)
  port=${port##*:}
  if command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active'; then
    say "The firewall ufw is active: ufw allow $port/tcp lets visitors in."
  elif command -v firewall-cmd >/dev/null && firewall-cmd --state >/dev/null 2>&1; then
    say "firewalld is active: firewall-cmd --permanent --add-port=$port/tcp && firewall-cmd --reload lets visitors in."
  else
    say "If a firewall is in front of this machine, let TCP port $port in for visitors. The API listens on loopback and needs none."
  fi
}
