# The demonstration's own platform: started in the background, found again, stopped, removed.
# Sourced by scripts/demo, after steps.sh, rules-and-sockets.sh and show.sh. All of it is in $folder (absolute).

# Files beside the server's own: $folder/demo is also the mark of a folder that we made and may remove.
server_log() { echo "$folder/demo/server.log"; }
server_pid() { cat "$folder/demo/server.pid" 2>/dev/null || true; }

# The process of the pid file, unless the number is another's by now.
server_runs() {
  local pid
  pid=$(server_pid)
  [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q 'dist/main\.js'
}

# What the platform that runs was started with and from.
server_settings() { printf '%s\n' "$api" "$http" "$domain" "$(stat -c %Y dist/.made)"; }
server_current() { server_settings | cmp -s - "$folder/demo/settings"; }

# refuse_foreign_folder: a data folder of somebody's is not ours to use, and later to remove.
refuse_foreign_folder() {
  if [ ! -d "$folder" ] || [ -d "$folder/demo" ] || [ -z "$(ls -A "$folder")" ]; then return; fi
  fail "$folder is not empty and was not made by scripts/demo." "set TWELVE_DATA to a folder that does not exist yet."
}

# refuse_taken_port SETTING ADDRESS WHAT
refuse_taken_port() {
  local why status=0
  why=$(node scripts/lib/net.js taken "$2") || status=$?
  if [ "$status" -eq 1 ]; then return; fi
  if [ "$status" -ne 0 ]; then fail "$1 is $why." "set it to something like 127.0.0.1:$((RANDOM % 10000 + 20000))."; fi
  fail "$2, where $3 should listen, $why." "stop that, or choose another: $1=${2%:*}:$((${2##*:} + 10000 < 65536 ? ${2##*:} + 10000 : 18080)) ./scripts/demo"
}

refuse_taken_ports() {
  local instance
  if server_runs; then return; fi
  refuse_taken_port TWELVE_API "$api" 'the API'
  # The router of a server that was killed goes on, and is taken over.
  instance=$(demo_instance)
  if [ -n "$instance" ] && node scripts/lib/instance.js running "$instance" router >/dev/null; then return; fi
  refuse_taken_port TWELVE_HTTP "$http" 'the router'
}

start_server() {
  mkdir -p "$folder/demo/config"
  chmod 700 "$folder"
  if [ -e "$(server_log)" ]; then mv "$(server_log)" "$(server_log).old"; fi
  server_started=1
  # Its own session: neither Ctrl-C nor the end of this terminal reaches it.
  (TWELVE_DATA=$folder TWELVE_API=$api TWELVE_HTTP=$http TWELVE_DOMAIN=$domain \
    alone setsid nohup node "$root/dist/main.js") >"$(server_log)" 2>&1 </dev/null &
  echo $! >"$folder/demo/server.pid"
  server_settings >"$folder/demo/settings"
}

# wait_for_server: until it says that it is up; status 1 when it ends or takes too long.
wait_for_server() {
  local deadline=$((SECONDS + 120))
  until grep -q '^Twelve is up' "$(server_log)"; do
    server_runs && [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# Stops the server alone; what it runs goes on.
stop_server() {
  local pid tenths=0
  pid=$(server_pid)
  if server_runs; then
    kill -TERM "$pid"
    while server_runs && [ $((tenths += 1)) -lt 300 ]; do sleep 0.1; done
    if server_runs; then kill -KILL "$pid"; fi
  fi
  rm -f "$folder/demo/server.pid"
}

# on_engine stop|remove: what the platform has on the engine.
on_engine() {
  local instance
  instance=$(demo_instance)
  if [ -n "$instance" ]; then node scripts/lib/instance.js "$1" "$instance"; fi
}

# Its id; none before it was started.
demo_instance() { cat "$folder/instance" 2>/dev/null || true; }

stop_all() {
  stop_server
  on_engine stop
}

remove_all() {
  local instance
  stop_server
  on_engine remove || return
  instance=$(demo_instance)
  if [ -n "$instance" ] && ! remove_rules_and_sockets "$instance"; then
    say "Its rules of the packet filter are left: $(how_to_remove_rules "$instance")"
    return 1
  fi
  rm -rf "${folder:?}"
}
