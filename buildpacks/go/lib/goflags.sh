# GOFLAGS of the app beside the flags that this buildpack gives: on the command line a flag takes the place of that in GOFLAGS.

# split_quoted <text>: sets fields, as the go command splits: quotes count around a whole field alone, nothing is unescaped.
split_quoted() {
  local rest=$1 quote
  fields=()
  while rest=${rest#"${rest%%[![:space:]]*}"} && [ -n "$rest" ]; do
    quote=${rest:0:1}
    if [[ $quote == [\'\"] && ${rest:1} == *"$quote"* ]]; then
      rest=${rest:1}
      fields+=("${rest%%"$quote"*}")
      rest=${rest#*"$quote"}
    else
      fields+=("${rest%%[[:space:]]*}")
      rest=${rest#"${fields[-1]}"}
    fi
  done
}

# app_flag <name>: sets flag_value, that of the last one in GOFLAGS; fails where there is none.
app_flag() {
  local fields field found=1
  flag_value=''
  split_quoted "$GOFLAGS"
  for field in "${fields[@]}"; do
    [[ $field =~ ^--?"$1"(=(.*))?$ ]] || continue
    flag_value=${BASH_REMATCH[2]}
    found=0
  done
  return $found
}

# Sets tags: heroku and those of the app, which the go command takes with commas or, as of old, with spaces.
choose_tags() {
  local fields
  tags=heroku
  app_flag tags || return 0
  if [[ $flag_value == *[[:space:]\']* ]]; then split_quoted "$flag_value"; else IFS=, read -r -d '' -a fields <<<"$flag_value"; fi
  fields=("${fields[@]%$'\n'}")
  printf -v tags '%s,' heroku "${fields[@]}"
  while [[ $tags == *,,* ]]; do tags=${tags//,,/,}; done
  tags=${tags%,}
}
