# The Docker Engine: used as it is where one answers, started where one is installed, installed where none is.
# Sourced by the scripts, after steps.sh and apt.sh. Its socket is $TWELVE_ENGINE.

default_socket=/var/run/docker.sock
engine_log=/var/log/twelve-dockerd.log
run_folder=/var/run
engine_settings=/etc/docker/daemon.json

engine_socket() {
  local socket=${TWELVE_ENGINE:-$default_socket}
  echo "${socket#unix://}"
}

engine_answers() {
  node -e '
    const request = require("http").get({ socketPath: process.argv[1], path: "/_ping", timeout: 5000 });
    request.on("response", (response) => process.exit(response.statusCode === 200 ? 0 : 1));
    request.on("timeout", () => process.exit(1)).on("error", () => process.exit(1));
  ' "$(engine_socket)"
}

# Makes an engine answer, with as little change to the machine as that takes.
start_engine() {
  if engine_answers; then
    say "a Docker Engine answers at $(engine_socket): using it"
    return
  fi
  if [ "$(engine_socket)" != "$default_socket" ]; then
    fail "TWELVE_ENGINE is $(engine_socket), and no Docker Engine answers there." "start that engine, or unset TWELVE_ENGINE to have one set up here."
  fi
  if [ "$(id -u)" -ne 0 ] && [ -S "$default_socket" ]; then
    fail "The Docker Engine at $default_socket does not answer to you." "run this as root, or join the group docker and log in again."
  fi
  need_root "Starting a Docker Engine"
  dockerd_installed || step "Installing the Docker Engine (package docker.io): none is here" install_engine
  # Some packages start it themselves.
  engine_answers || hint=$(engine_hint) step "Starting the Docker Engine" run_engine
}

# $PATH of a plain user or of cron may lack the folder.
dockerd_installed() { command -v dockerd >/dev/null || [ -x /usr/sbin/dockerd ]; }

install_engine() {
  local packages=(docker.io iptables ca-certificates)
  # Before it is there, since some packages start it at once.
  keep_containers
  apt-get -q update || true
  # The command line is a package of its own on newer releases, and only recommended.
  if apt_knows docker-cli; then packages+=(docker-cli); fi
  # With AppArmor in the kernel the engine starts no container without its parser.
  if grep -qs Y /sys/module/apparmor/parameters/enabled; then packages+=(apparmor); fi
  apt_install "${packages[@]}"
}

# Containers live on while the engine is restarted, for an upgrade of its package say. Only for an engine that is being
# installed: of one that is here, and where its settings are, somebody else has decided.
keep_containers() {
  if [ -e "$engine_settings" ]; then
    echo "$engine_settings is here already: leaving it as it is"
    return
  fi
  mkdir -p "$(dirname "$engine_settings")"
  printf '{ "live-restore": true }\n' >"$engine_settings"
}

engine_hint() {
  if has_systemd; then
    echo "look at: journalctl -u docker -n 50"
  else
    echo "look at the end of $engine_log. In a container the engine needs to be privileged, or the host's socket at $default_socket."
  fi
}

has_systemd() { [ -d /run/systemd/system ]; }

run_engine() {
  if has_systemd; then
    systemctl start docker
  else
    mount_cgroups && remove_stale_pid_files && run_dockerd
  fi && wait_for_engine
}

# What systemd does at boot.
mount_cgroups() {
  if grep -q ' /sys/fs/cgroup[ /]' /proc/mounts; then return; fi
  echo "nothing is mounted at /sys/fs/cgroup: mounting the control groups"
  mkdir -p /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup || return
  if grep -qw memory /sys/fs/cgroup/cgroup.controllers; then return; fi
  # The kernel was booted with version 1: one mount per controller.
  umount /sys/fs/cgroup && mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup || return
  local name
  for name in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
    mkdir -p "/sys/fs/cgroup/$name" && mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" || rmdir "/sys/fs/cgroup/$name"
  done
}

# After a crash or a reboot the files name a process that is gone, or another's; the engine would refuse to start.
remove_stale_pid_files() {
  remove_stale_pid_file "$run_folder/docker.pid" dockerd
  remove_stale_pid_file "$run_folder/docker/containerd/containerd.pid" containerd
}

# remove_stale_pid_file FILE PROGRAM
remove_stale_pid_file() {
  [ -e "$1" ] || return 0
  local pid name=''
  pid=$(tr -dc 0-9 <"$1")
  # One that has ended, and that nobody has waited for, still has its name.
  if [ -n "$pid" ] && [ -r "/proc/$pid/comm" ] && ! grep -qs '^State:[[:space:]]Z' "/proc/$pid/status"; then
    name=$(cat "/proc/$pid/comm")
  fi
  if [ "$name" != "$2" ]; then
    echo "removing $1: process ${pid:-(none)} is not a $2 any more"
    rm -f "$1"
  fi
}

run_dockerd() {
  if [ -e "$run_folder/docker.pid" ]; then
    echo "a dockerd is starting already"
    return
  fi
  echo "no systemd here: starting dockerd in the background, log in $engine_log"
  (PATH=$PATH:/usr/sbin:/sbin alone setsid nohup dockerd) >>"$engine_log" 2>&1 </dev/null &
  engine_pid=$!
}

wait_for_engine() {
  local deadline=$((SECONDS + 60))
  until engine_answers; do
    if [ -n "${engine_pid-}" ] && ! kill -0 "$engine_pid" 2>/dev/null; then
      echo "dockerd has ended:"
      tail -n 20 "$engine_log"
      return 1
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "no answer at $(engine_socket) within 60 s"
      return 1
    fi
    sleep 0.2
  done
}
