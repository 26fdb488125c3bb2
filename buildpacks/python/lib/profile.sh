# The virtual environment on the PATH, output at once, and how many workers fit into this process. Sourced at boot.
export VIRTUAL_ENV="$HOME/.heroku/python"
export PATH="$HOME/.heroku/python/bin:$PATH"
export PYTHONUNBUFFERED="${PYTHONUNBUFFERED:-1}"
export PYTHONPATH="${PYTHONPATH:-$HOME}"
# Only the router reaches a process: what it says of the visitor may be believed.
export FORWARDED_ALLOW_IPS="${FORWARDED_ALLOW_IPS:-*}"
export GUNICORN_CMD_ARGS="${GUNICORN_CMD_ARGS:---access-logfile -}"

__python_memory() {
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
  MEMORY_AVAILABLE=$(__python_memory)
  WEB_CONCURRENCY=$(($(nproc) * 2 + 1))
  [ "$WEB_CONCURRENCY" -gt $((MEMORY_AVAILABLE / 256)) ] && WEB_CONCURRENCY=$((MEMORY_AVAILABLE / 256))
  [ "$WEB_CONCURRENCY" -lt 1 ] && WEB_CONCURRENCY=1
  export MEMORY_AVAILABLE WEB_CONCURRENCY
fi
unset -f __python_memory
