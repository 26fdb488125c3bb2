# Node on the PATH, production by default, and how many workers fit into this process's memory. Sourced at boot.
export NODE_HOME="$HOME/.heroku/node"
export PATH="$HOME/.heroku/node/bin:$PATH:$HOME/bin:$HOME/node_modules/.bin"
export NODE_ENV="${NODE_ENV:-production}"

__node_memory() {
  local file bytes total
  if [ -n "${MEMORY_AVAILABLE-}" ]; then
    echo "$MEMORY_AVAILABLE"
    return
  fi
  for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    [ -r "$file" ] && read -r bytes <"$file" && break
  done
  # Without a limit both say something huge or "max": the machine's memory is the limit then.
  read -r _ total _ </proc/meminfo
  case ${bytes-} in '' | *[!0-9]* | ????????????????*) bytes=$((total * 1024)) ;; esac
  [ "$bytes" -gt $((total * 1024)) ] && bytes=$((total * 1024))
  echo $((bytes / 1048576))
}

if [ -z "${WEB_CONCURRENCY-}" ]; then
  MEMORY_AVAILABLE=$(__node_memory)
  if [ -z "${WEB_MEMORY-}" ]; then
    WEB_MEMORY=512
    [ "$MEMORY_AVAILABLE" -gt 16384 ] && WEB_MEMORY=2048
  fi
  WEB_CONCURRENCY=$((MEMORY_AVAILABLE / WEB_MEMORY))
  [ "$WEB_CONCURRENCY" -lt 1 ] && WEB_CONCURRENCY=1
  export MEMORY_AVAILABLE WEB_MEMORY WEB_CONCURRENCY
fi
unset -f __node_memory
