# Debian packages, without questions. Sourced by the scripts.

apt_install() {
  command -v apt-get >/dev/null || {
    echo "There is no apt-get here; install yourself: $*"
    return 1
  }
  local quiet=(-q -o DPkg::Lock::Timeout=120)
  # One at a time: apt waits for its lock on packages, not for the one on lists.
  (
    flock 9
    apt-get "${quiet[@]}" update &&
      DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install -y --no-install-recommends "$@"
  ) 9>/tmp/twelve-apt.lock
}

# apt_knows PACKAGE: whether there is such a package on this release.
apt_knows() { apt-cache show "$1" >/dev/null 2>&1; }
