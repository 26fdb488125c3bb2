# The system user, its folders and settings, and the service. Sourced by scripts/install, after steps.sh and engine.sh.

data_folder=/var/lib/twelve
settings_file=/etc/twelve/twelve.env
unit=/etc/systemd/system/twelve.service
starter=/usr/local/sbin/twelve-service
service_log=/var/log/twelve.log

# The one whose group may talk to the engine is as good as root; but a mistake of the server's is not.
make_user() {
  if ! id twelve >/dev/null 2>&1; then
    say "adding the system user twelve"
    useradd --system --user-group --home-dir "$data_folder" --no-create-home --shell /usr/sbin/nologin twelve
  elif ! is_our_user; then
    fail "There is a user twelve already, who is somebody else: its home is not $data_folder." "rename that user (usermod --login), or give it this home if it is meant to be the platform's."
  fi
  usermod --append --groups "$(engine_group)" twelve
  install_folder 0700 "$data_folder"
  take_over "$data_folder"
  mkdir -p "${settings_file%/*}" && chmod 755 "${settings_file%/*}"
}

# take_over FOLDER: what an earlier start by another user left, or a restore: git refuses repositories of another user's.
take_over() {
  local owner
  owner=$(stat -L -c %u "$1")
  if [ "$owner" = "$(id -u twelve)" ]; then return; fi
  find "$1/" -mindepth 1 -uid "$owner" -exec chown -h twelve:twelve {} +
  chown twelve:twelve "$1"
}

install_folder() {
  [ -d "$2" ] || command install -d -m "$1" -o twelve -g twelve "$2"
}

is_our_user() { [ "$(getent passwd twelve | cut -d: -f6)" = "$data_folder" ]; }

# One that has no name here, as where the socket is another machine's, cannot be joined, and DAC_OVERRIDE has to do.
engine_group() {
  local group
  group=$(stat -L -c %G "$(engine_socket)")
  if [ "$group" = UNKNOWN ]; then group=twelve; fi
  echo "$group"
}

enable_engine() {
  if has_systemd && [ "$(engine_socket)" = "$default_socket" ] && systemctl cat docker >/dev/null 2>&1; then
    systemctl enable -q docker
  fi
}

# How this machine reaches packages: what is set for whoever installs is needed by the service as well.
reaching=(http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY NODE_EXTRA_CA_CERTS SSL_CERT_FILE
  npm_config_registry PIP_INDEX_URL GOPROXY)

# An upgrade asks the engine and the registries that the service asks, and makes the images that it works with, whatever
# shell it comes from.
reach_as_service() {
  local name setting value
  if [ -e "$settings_file" ]; then
    TWELVE_ENGINE=$(setting_or TWELVE_ENGINE "$default_socket")
    TWELVE_IMAGES_EPOCH=$(setting_or TWELVE_IMAGES_EPOCH '')
    export TWELVE_ENGINE TWELVE_IMAGES_EPOCH
    for name in "${reaching[@]}"; do
      value=$(setting_or "$name" '')
      if [ -z "${!name-}" ] && [ -n "$value" ]; then export "$name=$value"; fi
    done
  fi
  for setting in ${given[@]+"${given[@]}"}; do
    if [[ $setting == TWELVE_ENGINE=?* || $setting == TWELVE_IMAGES_EPOCH=* ]]; then export "${setting?}"; fi
  done
}

# Those given now over those that are there; what somebody wrote by hand stays, comments too.
write_settings() {
  local draft=$settings_file.new ours
  draft_settings "$draft"
  check_settings_file "$draft"
  if [ -e "$settings_file" ] && [ -e "$data_folder/instance" ]; then
    ours=$(listening)
    (settings_file=$draft && refuse_taken_ports "$ours") || { rm -f "$draft" && exit 1; }
  fi
  chmod 640 "$draft" && chown root:twelve "$draft" && mv "$draft" "$settings_file"
}

# draft_settings FILE: as they will be.
draft_settings() {
  local setting
  # A proxy's password may be in it.
  rm -f "$1" && (umask 077 && : >"$1")
  if [ -e "$settings_file" ]; then cat "$settings_file" >"$1"; else first_settings >"$1"; fi
  for setting in ${given[@]+"${given[@]}"}; do put_setting "$1" "${setting%%=*}" "${setting#*=}"; done
}

# Whoever installs sees these files, and the service would not (ProtectHome in its unit): it would end at each start, or
# builds would not know of an authority.
refuse_hidden_files() {
  local draft name file
  if ! has_systemd; then return; fi
  draft=$(mktemp -d)/twelve.env
  draft_settings "$draft"
  for name in TWELVE_CA_FILE TWELVE_ACME_CA_FILE NODE_EXTRA_CA_CERTS SSL_CERT_FILE TWELVE_ENGINE TWELVE_ENGINE_CONTAINERS; do
    file=$(settings_file=$draft && setting_or "$name" '')
    if is_hidden "${file#unix://}"; then
      rm -r "${draft%/*}"
      fail "$name is \"$file\", and the service does not see what is below /root, /home and /run/user. Nothing was changed." "$(way_out_of_hiding "$name" "$file")"
    fi
  done
  rm -r "${draft%/*}"
}

# is_hidden PATH: as it is written, or where its links lead.
is_hidden() {
  local place
  if [ -z "$1" ]; then return 1; fi
  for place in "$(realpath -ms -- "$1")" "$(realpath -m -- "$1")"; do
    case $place in /root/* | /home/* | /run/user/*) return 0 ;; esac
  done
  return 1
}

# way_out_of_hiding NAME PATH
way_out_of_hiding() {
  case $1 in
    TWELVE_ENGINE*) echo "use an engine that has its files elsewhere." ;;
    *) echo "mkdir -p ${settings_file%/*} && cp -L $2 ${settings_file%/*}/, then scripts/install --set $1=${settings_file%/*}/${2##*/}" ;;
  esac
}

# check_settings_file DRAFT: as the server will read it, before it has to.
check_settings_file() {
  local why
  why=$(
    read_settings "$1"
    "$node" --input-type=module -e '
      const { readConfig } = await import(process.argv[1]);
      try {
        readConfig(process.env);
      } catch (error) {
        console.log(error.message);
        process.exitCode = 1;
      }
    ' "$fresh/dist/config.js"
  ) && return
  rm -f "$1"
  fail "$why" "give another value with --set, or mend $settings_file. Settings and service are as they were."
}

first_settings() {
  cat <<'SETTINGS'
# Settings of the platform, one NAME="value" each; `twelve server --help` lists them. After a change:
# systemctl restart twelve (or twelve-service restart). Apps serve on meanwhile.
SETTINGS
  if [ "$(engine_socket)" != "$default_socket" ]; then printf 'TWELVE_ENGINE="%s"\n' "$(engine_socket)"; fi
  local name
  for name in "${reaching[@]}"; do
    if [ -n "${!name-}" ]; then quoted "$name" "${!name}"; fi
  done
}

# put_setting FILE NAME VALUE
put_setting() {
  local rest
  rest=$(grep -v "^$2=" "$1" || true)
  { printf '%s\n' "$rest" && quoted "$2" "$3"; } >"$1"
}

# quoted NAME VALUE: as systemd reads it.
quoted() { printf '%s="%s"\n' "$1" "$(printf %s "$2" | sed 's/["\\$`]/\\&/g')"; }

# setting_or NAME DEFAULT: as the service will have it.
setting_or() {
  local value
  value=$(
    unset "$1"
    read_settings <(grep -s "^$1=" "$settings_file")
    printf %s "${!1-}"
  )
  printf '%s\n' "${value:-$2}"
}

service_runs() {
  if has_systemd; then systemctl -q is-active twelve; else [ -x "$starter" ] && "$starter" status >/dev/null; fi
}

# What the service listens on, a SETTING=address each.
listening() {
  local each address
  for each in TWELVE_API=127.0.0.1:5480 TWELVE_HTTP=0.0.0.0:80 TWELVE_HTTPS= TWELVE_API_TLS=; do
    address=$(setting_or "${each%%=*}" "${each#*=}")
    if [ -n "$address" ]; then echo "${each%%=*}=$address"; fi
  done
}

# refuse_taken_ports OURS: of these lines of `listening` the ports are taken by ourselves.
refuse_taken_ports() {
  local each what ours=$'\n'$1$'\n'
  for each in $(listening); do
    case $each in
      TWELVE_API=*) what="the API and git" ;;
      TWELVE_HTTP=*) what="visitors of apps" ;;
      *) what=TLS ;;
    esac
    if [[ $ours != *":${each##*:}"$'\n'* ]]; then refuse_taken_port "${each%%=*}" "${each#*=}" "$what"; fi
  done
}

# refuse_taken_port SETTING ADDRESS FOR-WHAT
refuse_taken_port() {
  local why status=0
  why=$("$node" scripts/lib/net.js taken "$2") || status=$?
  if [ "$status" -eq 1 ]; then return; fi
  if [ "$status" -ne 0 ]; then fail "$1 is $why." "scripts/install --set $1=<address>:<port>"; fi
  fail "$2, which is for $3, $why. Nothing was started anew." "stop that program (and keep it from starting again), or choose another: scripts/install --set $1=${2%:*}:<port>"
}

start_service() {
  local restart=start started=${EPOCHREALTIME/[^0-9]/}
  if service_runs; then restart=restart; fi
  if has_systemd; then
    write_from_template scripts/lib/twelve.service "$unit" 644
    systemctl daemon-reload
    systemctl enable -q twelve
    hint="journalctl -u twelve -n 50" step "Starting the service twelve" systemctl_and_wait "$restart"
  else
    write_from_template scripts/lib/twelve-service "$starter" 755
    hint="look at the end of $service_log" step "Starting the platform ($starter $restart; there is no systemd here)" starter_and_wait "$restart"
  fi
}

# write_from_template TEMPLATE FILE MODE
write_from_template() {
  local text
  text=$(<"$1")
  printf '%s\n' "${text//@GROUP@/$(engine_group)}" >"$2.new" && chmod "$3" "$2.new" && mv "$2.new" "$2"
}

# What failed is said after the server's last words, where nothing cuts it off.
systemctl_and_wait() {
  local why
  why=$(systemctl "$1" twelve && wait_for_platform) && return 0
  journalctl -u twelve -n 25 --no-pager -o cat
  echo "$why"
  return 1
}

starter_and_wait() {
  local why
  why=$( (alone "$starter" "$1") && wait_for_platform) && return 0
  tail -n 25 "$service_log"
  echo "$why"
  return 1
}

# Until it is healthy, and still is a moment later: 120 s are for a first start, which takes the stack's layers into the
# store. One that ends three times will not do better the fourth.
wait_for_platform() {
  local deadline=$((SECONDS + 120)) url health=''
  url=http://$(setting_or TWELVE_API 127.0.0.1:5480)/health
  until health=$(health_at "$url") && sleep 2 && health=$(health_at "$url"); do
    if [ "$(ends_of_service)" -ge 3 ]; then
      echo "the server ends again and again"
      return 1
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "not healthy within 120 s: $url says ${health:-nothing}"
      return 1
    fi
    sleep 0.5
  done
}

health_at() { curl -sS --fail-with-body --noproxy '*' --max-time 10 "$1" 2>&1; }

# How often it ended by itself since it was started.
ends_of_service() {
  if has_systemd; then systemctl show --property NRestarts --value twelve; else grep -c '^The server ended' "$service_log" || true; fi
}
