# Reading /etc/twelve/twelve.env as systemd does. Sourced by scripts/install and by the service where there is no systemd.

# read_settings FILE: exports each NAME=value or NAME="value"; within quotes a backslash stands before ", \, $ and `.
read_settings() {
  local line value
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    value=${BASH_REMATCH[2]} line=${BASH_REMATCH[1]}
    if [[ $value == \"*\" ]]; then value=$(sed -E 's/^"(.*)"$/\1/; s/\\(["\\$`])/\1/g' <<<"$value"); fi
    export "$line=$value"
  done <"$1"
}
