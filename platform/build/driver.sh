#!/bin/bash
# The driver: runs the buildpacks inside the build container, in order, and leaves results as files for the platform.
# Usage: driver.sh
#
# Reads  <here>/gate        a pipe; its first line says that source, cache and config are in place, and whether the cache is restored or empty
#        <here>/build       the build folder
#        <here>/source-version  request-id   for the environment of the same names
#        <here>/mode        auto or explicit
#        <here>/buildpacks  names, in order; number n is /tmp/buildpacks/<n>
#        <here>/before      auto: how many of them are used whatever is found
#        <here>/likely      auto: the name that the cache was chosen for
# Writes <here>/out/status  <phase> <n> <exit code>, written last
#        <here>/out/used    numbers of the buildpacks that were used
#        <here>/out/also    auto: display names of others that apply
#        <here>/out/name-<n>  detect-<n>  release.yml  report-<n>  Procfile
#
# Buildpacks are third-party programs: each runs in a subshell of its own, so that nothing they export or set reaches us.

here=${BASH_SOURCE[0]%/*} cache=/tmp/cache env=/tmp/env packs=/tmp/buildpacks
out=$here/out
# The container starts while its folders are still being filled, or long before there is anything to build.
read -r cached <"$here/gate"
build=$(<"$here/build")
SOURCE_VERSION=$(<"$here/source-version") REQUEST_ID=$(<"$here/request-id")
export SOURCE_VERSION REQUEST_ID
mode=$(<"$here/mode")
likely=$(<"$here/likely") before=$(<"$here/before")
mapfile -t names <"$here/buildpacks"
used=()

# One pipe for both, so that lines of stdout and stderr stay in the order in which they were printed.
exec </dev/null 2>&1
# What the shell and the container's init have for themselves is no business of a buildpack.
unset TINI_KILL_PROCESS_GROUP
export -n SHLVL OLDPWD HOSTNAME
umask 022
# The one config var that is an environment variable too: buildpacks look for it before they have read any.
[ ! -f "$env/BUILDPACK_XTRACE" ] || { BUILDPACK_XTRACE=$(<"$env/BUILDPACK_XTRACE") && export BUILDPACK_XTRACE; }

main() {
  local n
  if [ "$mode" = auto ]; then
    for ((n = 0; n < before; n++)); do
      announce "${names[n]}"
      use_named "$n"
    done
    detect_first || finish detect 0 1
    compile "$found"
  else
    say_cache
    announce "${names[@]}"
    for n in "${!names[@]}"; do use_named "$n"; done
  fi
  release "$n_last"
  # Through a link, if it is one: read here, where it can only lead to what a build may see.
  # One byte more than is allowed, so that too much is noticed.
  [ -e "$build/Procfile" ] && head -c 262145 "$build/Procfile" >"$out/Procfile"
  finish done 0 0
}

use_named() {
  local code
  program "$1" detect "$build" >"$out/name-$1" 2>"$out/detect-$1"
  code=$?
  # Both, for the message: buildpacks explain themselves on either.
  [ $code -eq 0 ] || { cat "$out/name-$1" >>"$out/detect-$1"; finish detect "$1" $code; }
  compile "$1"
}

compile() {
  local code
  used+=("$1")
  say_detected "$1"
  program "$1" compile "$build" "$cache" "$env"
  code=$?
  [ $code -eq 0 ] || finish compile "$1" $code
}

# The first that applies wins; the others are only mentioned.
detect_first() {
  local n also=() unused=()
  found=''
  for n in "${!names[@]}"; do
    [ "$n" -ge "$before" ] || continue
    [ -n "$found" ] && [ "${names[n]}" = procfile ] && continue
    program "$n" detect "$build" >"$out/name-$n" 2>/dev/null || continue
    if [ -z "$found" ]; then found=$n; else also+=("${names[n]}"); fi
  done
  [ -n "$found" ] || return 1
  # The cache of another list of buildpacks is none of ours.
  [ "${names[found]}" = "$likely" ] || { find "$cache" -mindepth 1 -delete; cached=empty; }
  say_cache
  announce "${names[found]}"
  [ ${#also[@]} -eq 0 ] || echo "       Also recognised: ${also[*]}. To use others, name them in a .buildpacks file."
  # Only what is used stays, so that a buildpack can see from its neighbours whether another one follows.
  for n in "${!names[@]}"; do
    [ "$n" -lt "$before" ] || [ "$n" = "$found" ] || unused+=("${packs:?}/$n")
  done
  rm -rf "${unused[@]}"
}

# Not before it is known which buildpacks it would have to be of.
say_cache() { echo "       Build cache: $cached"; }

announce() {
  local list
  printf -v list '%s, ' "$@"
  if [ $# -eq 1 ]; then echo "-----> Using buildpack: ${list%, }"; else echo "-----> Using buildpacks: ${list%, }"; fi
}

say_detected() {
  local name=''
  read -r name <"$out/name-$1"
  n_last=$1
  echo "-----> ${name:-${names[$1]}} app detected"
}

# program <n> <script> <arguments…>: in the buildpack's root, with what earlier buildpacks exported.
program() {
  (
    __program=$packs/$1/bin/$2 __exports=() __state=$out/exported
    for __n in "${used[@]}"; do
      [ "$__n" != "$1" ] || break
      __exports+=("$packs/$__n/export")
    done
    cd "$packs/$1" || exit 126
    shift 2
    for __file in "${__exports[@]}"; do
      [ -f "$__file" ] || continue
      rm -f "$__state"
      # In a shell of its own, which it may end (exit, ${X:?}); what it had exported by then is taken over.
      (
        __keep() { { export -p; export -f; } >"$__state"; }
        trap __keep EXIT
        set +eu
        source "$__file" >/dev/null
        trap - EXIT
        __keep
      )
      [ -f "$__state" ] || continue
      # shellcheck disable=SC2046 # names of variables have no spaces
      unset -v $(compgen -e) 2>/dev/null
      source "$__state" 2>/dev/null
    done
    exec "$__program" "$@"
  )
}

# Only the last one's decides.
release() {
  local code
  [ -x "$packs/$1/bin/release" ] || return 0
  program "$1" release "$build" >"$out/release.yml"
  code=$?
  [ $code -eq 0 ] || finish release "$1" $code
}

# finish <phase> <n> <exit code>: reports are for success and failure alike, and their own failure does not count.
finish() {
  local n
  for n in "${used[@]}"; do
    [ -x "$packs/$n/bin/report" ] && program "$n" report "$build" "$cache" "$env" >"$out/report-$n" 2>/dev/null
  done
  echo "${used[*]}" >"$out/used"
  echo "$*" >"$out/status"
  exit 0
}

main
