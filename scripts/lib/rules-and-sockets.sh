# What a platform leaves on its machine outside of its folder and the engine, since apps run on without it: rules of the
# packet filter, and sockets. Sourced by scripts/install and scripts/demo.

# With the id of the platform behind it: where the server has its sockets.
run_prefix=/run/twelve-

# remove_rules_and_sockets ID. Chains are called as in platform/processes/guard.ts and platform/build/guard.ts.
remove_rules_and_sockets() {
  # A plain `su` leaves the folder of iptables out.
  local program chain name=TWELVE-${1:?} PATH=$PATH:/usr/sbin:/sbin
  for program in iptables ip6tables; do
    for chain in "${name:0:23}-APPS" "${name:0:28}"; do
      if rules_of "$chain" >/dev/null 2>&1; then remove_chain "$chain" || return; fi
    done
  done
  rm -rf "$run_prefix$1"
}

# how_to_remove_rules ID: what to do where they cannot be removed.
how_to_remove_rules() {
  echo "see what leads to TWELVE-$1 (iptables -t raw -S, ip6tables -t raw -S), remove that, then run this again."
}

# rules_of CHAIN: as arguments, by $program.
rules_of() { "$program" -w 5 -t raw -S "$1"; }

# remove_chain CHAIN: what leads there first.
remove_chain() {
  local rule
  while read -r -a rule; do
    "$program" -w 5 -t raw -D "${rule[@]:1}" || return
  done < <(rules_of PREROUTING | grep -- " -j $1\$")
  "$program" -w 5 -t raw -F "$1" && "$program" -w 5 -t raw -X "$1"
}
