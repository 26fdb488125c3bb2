# A second, newer Docker Engine beside the machine's own, for tests: containerd image store, and a network, a firewall and
# mounts of its own. It is made from Debian testing's packages, once. Sourced by the scripts, after steps.sh and apt.sh.

newer_suite=forky
newer_packages=docker.io,docker-cli,docker-compose,containerd,runc,tini,iptables,procps,ca-certificates
newer_folder=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/twelve/newer-engine
# Of another list of packages it is another one.
newer_root=$newer_folder/root-$(cksum <<<"$newer_suite $newer_packages" | cut -d ' ' -f 1)
newer_run=$newer_folder/run
# Compose v2, which Debian 12 has not; it runs on the host as it is.
newer_compose=$newer_root/usr/libexec/docker/cli-plugins/docker-compose
newer_socket=$newer_run/engine.sock
newer_log=$newer_folder/engine.log
# Of its network namespace, its control group, its end of the wire, and in the firewall's rules.
newer_name=twelve-newer
newer_link=198.18.28
newer_lib=$(dirname "${BASH_SOURCE[0]}")

# newer_start: from then on it answers at $newer_socket. What a killed one left is cleared first.
newer_start() {
  need_root "Running a second Docker Engine"
  mkdir -p "$newer_folder"
  # Two that start it at a time would each take the other's for a leftover.
  exec 9>>"$newer_folder/starting"
  flock 9
  if newer_answers; then
    say "the newer engine answers at $newer_socket: using it"
  else
    [ -d "$newer_root" ] || hint="check that Debian's packages can be reached (apt-get update), then run this again." \
      step "Making a root for the newer engine from Debian $newer_suite's packages (once)" newer_make_root
    hint="look at the end of $newer_log" step "Starting the newer engine" newer_run_engine
  fi
  exec 9>&-
}

# newer_join; newer_start_for_tests; …; newer_leave: for test runs, of which the last one out stops it. One that was started
# otherwise stays.
newer_join() {
  mkdir -p "$newer_folder"
  exec 8>>"$newer_folder/users"
  flock --shared 8
}

newer_start_for_tests() {
  local newer_for_tests=1
  newer_start
}

newer_leave() {
  if [ -e "$newer_run/for-tests" ] && flock --exclusive --nonblock 8; then newer_stop; fi
  exec 8>&-
}

# In its network 127.0.0.1 is the one that its containers' host network has, and its containers' addresses are reached.
# newer_within COMMAND…
newer_within() { nsenter --net="/run/netns/$newer_name" "$@"; }

newer_answers() { TWELVE_ENGINE=$newer_socket engine_answers; }

newer_version() {
  node -e '
    require("http").get({ socketPath: process.argv[1], path: "/version" }, async (answer) => {
      let text = "";
      for await (const part of answer) text += part;
      console.log(JSON.parse(text).Version);
    });
  ' "$newer_socket"
}

newer_make_root() {
  command -v mmdebstrap >/dev/null || apt_install mmdebstrap debian-archive-keyring || return
  local mirrors=() keys status=0
  mapfile -t mirrors < <(newer_mirrors)
  keys=$(mktemp -d) && newer_keys >"$keys/debian.gpg" && chmod -R a+rX "$keys" || return
  rm -rf --one-file-system "$newer_folder"/root*
  # It hands the number of its next open file to sh, which knows those of one digit only.
  (alone mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' --keyring="$keys/debian.gpg" \
    --include="$newer_packages" "$newer_suite" "$newer_root.new" "${mirrors[@]}") || status=$?
  rm -r "$keys"
  [ "$status" -eq 0 ] && mv "$newer_root.new" "$newer_root"
}

# Debian's keys, as in platform/engine/base-image.ts: those that come with us, which older systems do not have, and this
# machine's own.
newer_keys() {
  local system=/usr/share/keyrings/debian-archive-keyring.gpg
  cat "$newer_lib/../../platform/engine/debian-archive-trixie.gpg" || return
  [ ! -e "$system" ] || cat "$system"
}

# Lines of a sources.list where the host has mirrors of its own; else mmdebstrap takes Debian's.
newer_mirrors() {
  node --input-type=module -e '
    const { readHostSources } = await import(process.argv[1]);
    const { sources } = await readHostSources();
    const lines = sources.split("\n").filter((line) => / trixie main$/.test(line));
    for (const line of lines) console.log(line.replace(/ trixie main$/, ` ${process.argv[2]} main`));
  ' "$(realpath "$newer_lib/../..")/dist/engine/host-sources.js" "$newer_suite"
}

newer_run_engine() {
  newer_clear || return
  mkdir -p "$newer_run" "$newer_folder/data" || return
  [ -z "${newer_for_tests-}" ] || : >"$newer_run/for-tests"
  newer_resolver >"$newer_root/etc/resolv.conf"
  newer_connect && newer_dockerd || return
  local deadline=$((SECONDS + 60))
  until newer_answers; do
    if ! kill -0 "$newer_pid" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
      tail -n 20 "$newer_log"
      return 1
    fi
    sleep 0.2
  done
  newer_remove_containers
}

# What runs that were killed left on it, and what a restart policy has brought back.
newer_remove_containers() {
  newer_docker container ls --all --quiet | newer_xargs container rm --force --volumes &&
    newer_docker network prune --force
}

newer_xargs() {
  local ids=()
  mapfile -t ids
  [ ${#ids[@]} -eq 0 ] || newer_docker "$@" "${ids[@]}"
}

# Its own command line, which knows all that it can do.
newer_docker() { nsenter --target "$(cat "$newer_run/engine.pid")" --mount --root --wd docker --host "unix://$newer_socket" "$@"; }

# A resolver on the host's loopback is not on the engine's.
newer_resolver() {
  local beyond=/run/systemd/resolve/resolv.conf
  if grep -q '^nameserver 127\.' /etc/resolv.conf && [ -e "$beyond" ]; then cat "$beyond"; else cat /etc/resolv.conf; fi
}

# A network namespace with a wire to the host's, which lets through what comes from there.
newer_connect() {
  ip netns add "$newer_name" &&
    ip link add "$newer_name" type veth peer name uplink netns "$newer_name" &&
    ip address add "$newer_link.1/30" dev "$newer_name" &&
    ip link set "$newer_name" up &&
    newer_within ip link set lo up &&
    newer_within ip address add "$newer_link.2/30" dev uplink &&
    newer_within ip link set uplink up &&
    newer_within ip route add default via "$newer_link.1" &&
    newer_rules -I
}

# newer_rules -I|-D. Beside the chains of the machine's own engine, which stay as they are.
newer_rules() {
  local mark=(-m comment --comment "$newer_name")
  iptables -w -t nat "$1" POSTROUTING -s "$newer_link.0/30" ! -o "$newer_name" "${mark[@]}" -j MASQUERADE &&
    iptables -w "$1" FORWARD -i "$newer_name" "${mark[@]}" -j ACCEPT &&
    iptables -w "$1" FORWARD -o "$newer_name" -m conntrack --ctstate RELATED,ESTABLISHED "${mark[@]}" -j ACCEPT
}

newer_dockerd() {
  local visible=("$(realpath "${TMPDIR:-/tmp}")" "$newer_folder") authorities=${NODE_EXTRA_CA_CERTS:-${SSL_CERT_FILE-}}
  # The folders of platforms under test, and the authorities that builds are handed, at the paths where those have them.
  [ ! -e "$authorities" ] || visible+=("$authorities")
  local group
  group=$(newer_group)
  mkdir -p "$group/engine" || return
  # So that this process stays the engine's: setsid forks in a process group of its own.
  set +m
  # Of version 1 the engine has its containers in every hierarchy, itself in this one.
  (
    echo "$BASHPID" >"$group/engine/cgroup.procs"
    PATH=$PATH:/usr/sbin:/sbin alone setsid nohup nsenter --net="/run/netns/$newer_name" unshare --mount \
      bash "$newer_lib/newer-engine-inside.sh" "$newer_root" "${visible[@]}" -- \
      --host "unix://$newer_socket" --pidfile "$newer_run/engine.pid" --exec-root "$newer_run/exec" \
      --data-root "$newer_folder/data" --cgroup-parent "/$newer_name/containers" \
      --feature containerd-snapshotter=true --shutdown-timeout 5
  ) >"$newer_log" 2>&1 </dev/null &
  newer_pid=$!
}

# The control group that tells what is the engine's: dockerd, containerd, shims and whatever runs in containers.
newer_group() {
  if [ -d /sys/fs/cgroup/pids ]; then echo "/sys/fs/cgroup/pids/$newer_name"; else echo "/sys/fs/cgroup/$newer_name"; fi
}

newer_processes() { find "$(newer_group)" -name cgroup.procs -exec cat {} + 2>/dev/null || true; }

# newer_stop: ends it with all of its containers. Images stay in its folder for the next time.
newer_stop() {
  need_root "Stopping the newer engine"
  step "Stopping the newer engine" newer_clear
}

# Also after a kill or a start that went wrong: nothing needs to be there.
newer_clear() {
  newer_end_processes || return
  local group
  for group in /sys/fs/cgroup/"$newer_name" /sys/fs/cgroup/*/"$newer_name"; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + || return
  done
  while newer_rules -D 2>/dev/null; do :; done
  [ ! -e "/run/netns/$newer_name" ] || ip netns delete "$newer_name"
  # The wire goes with the namespace, but not at once.
  ip link delete "$newer_name" 2>/dev/null || true
  rm -rf "$newer_run"
}

newer_end_processes() {
  local pid tenths=0
  if [ -e "$newer_run/engine.pid" ]; then
    pid=$(cat "$newer_run/engine.pid")
    # A number may be somebody else's by now.
    if newer_processes | grep -qx "$pid"; then kill -TERM "$pid"; fi
    while [ -e "/proc/$pid" ] && newer_processes | grep -qx "$pid" && [ $((tenths += 1)) -lt 200 ]; do sleep 0.1; done
  fi
  tenths=0
  while [ -n "$(newer_processes)" ]; do
    [ $((tenths += 1)) -lt 100 ] || return 1
    newer_processes | xargs -r kill -KILL 2>/dev/null || true
    sleep 0.1
  done
}
