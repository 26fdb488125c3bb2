# What whoever installed has to know now. Sourced by scripts/install, after steps.sh, install-program.sh, install-service.sh and
# install-firewall.sh.

addresses_of_ipv6=/proc/net/if_inet6

advise() {
  local domain token
  domain=$(setting_or TWELVE_DOMAIN localhost)
  say ""
  if [ "$domain" = localhost ]; then
    say "Apps answer at <app>.localhost, on this machine alone. For the world: scripts/install --domain apps.example.com"
  else
    say "Apps answer at <app>.$domain: both $domain and *.$domain have to resolve to this machine."
  fi
  advise_on_certificates
  if [ "$domain" != localhost ]; then advise_on_ipv6; fi
  advise_on_firewall
  token=$(command_for_token)
  if [[ $token == cat* ]]; then
    say "First token: ${token#cat }, for root alone. Settings: $settings_file."
  else
    say "A token is printed here by: $token. Settings: $settings_file."
  fi
  say "On your own machine, with the command twelve from a clone like this:"
  say ""
  if [ -n "$(setting_or TWELVE_API_TLS '')" ]; then advise_on_login_over_tls; else advise_on_login_over_ssh; fi
  advise_on_first_token
  say ""
}

# It has all rights, and lies there as it is typed.
advise_on_first_token() {
  if [ ! -e "$data_folder/admin-token" ]; then return; fi
  say ""
  say "Once you are logged in, remove the first token: rm $data_folder/admin-token"
  say "It goes on being yours; \"twelve server:token\" makes another here whenever one is needed."
}

advise_on_certificates() {
  if [ -n "$(setting_or TWELVE_HTTPS '')" ] && [ "$(setting_or TWELVE_ACME off)" = off ]; then
    say "Browsers warn until there are certificates that they know: scripts/install --acme you@example.com orders them,"
    say "and \"twelve certs:add\" takes your own."
  fi
}

# The token is asked for, and the fingerprint compared, by whoever logs in.
advise_on_login_over_tls() {
  local url tls
  tls=$(setting_or TWELVE_API_TLS '')
  url=$(setting_or TWELVE_PUBLIC_URL "https://$(hostname -f 2>/dev/null || hostname):${tls##*:}")
  say "  twelve login $url"
  say ""
  say "Until a public authority vouches for the server, it shows this fingerprint: $(own_fingerprint)"
}

own_fingerprint() { ask_platform ca --fingerprint 2>/dev/null || echo "(run here: $(our_command) ca --fingerprint)"; }

# ask_platform WORD…: a command of ours to the one that was just started.
ask_platform() { TWELVE_URL=http://$(setting_or TWELVE_API 127.0.0.1:5480) "$node" "$programs/current/dist/cli/main.js" "$@"; }

# What prints a token on this machine. The first one is in no backup; one that is good no more the server has removed when it
# was started. It is not tried here: as long as nobody has used it, that can be seen.
command_for_token() {
  local file=$data_folder/admin-token
  if [ -e "$file" ]; then echo "cat $file"; else echo "$(our_command) server:token"; fi
}

advise_on_login_over_ssh() {
  local api name
  api=$(setting_or TWELVE_API 127.0.0.1:5480)
  name=$(hostname -f 2>/dev/null || hostname)
  say "  ssh -N -L 5480:$api root@$name &"
  say "  ssh root@$name $token | twelve login http://127.0.0.1:5480"
}

# With an AAAA record whoever has IPv6 comes by it first, visitors and those who look whether a name leads here.
advise_on_ipv6() {
  local sets='' each
  has_public_ipv6 || return 0
  for each in $(listening); do
    if [[ $each != TWELVE_API=* && $each == *=0.0.0.0:* ]]; then sets+=" --set '${each%%=*}=[::]:${each##*:}'"; fi
  done
  if [ -n "$sets" ]; then
    say "This machine has a public IPv6 address, and listens on IPv4 alone: give the names no AAAA records, or have it serve both:"
    say "scripts/install$sets"
  fi
}

# Of the kernel's list: what begins with 2 or 3 is public, scope 00 is the world's.
has_public_ipv6() { grep -qsE '^[23][0-9a-f]{31} [0-9a-f]+ [0-9a-f]+ 00 ' "$addresses_of_ipv6"; }
