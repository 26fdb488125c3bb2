#!/bin/bash
# The newer engine's dockerd, on a root of its own. Started by newer-engine.sh in a fresh mount namespace: every mount made
# here is seen by nobody else, and is gone with the last process of the engine.
#   newer-engine-inside.sh ROOT PATH… -- DOCKERD-OPTION…    PATH: seen by the engine where everybody sees it
set -euo pipefail
root=$1
shift
mount --make-rprivate /
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
# A new one shows the network interfaces of this network.
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    mkdir -p "$root$1"
  else
    mkdir -p "$root${1%/*}" && : >>"$root$1"
  fi
  mount --rbind "$1" "$root$1"
  shift
done
shift
# A real root and no chroot: runc starts no container from one.
mkdir -p "$root/old"
cd "$root"
pivot_root . old
cd /
umount -l /old
exec dockerd "$@"
