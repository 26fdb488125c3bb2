# What the app says of itself in package.json.

# One jq for everything; what cannot be read is E4, with the place.
read_package() {
  local facts
  if ! facts=$(jq -r -f "$pack_dir/lib/package.jq" "$build_dir/package.json" 2>/tmp/package-json-problem) || [ -z "$facts" ]; then
    bad_package_json
  fi
  eval "$facts"
  NODE_ENV=${NODE_ENV:-production}
  export NODE_ENV
}

# jq notices an error one token late; python's parser says where it begins.
bad_package_json() {
  local place what line column
  place=$(python3 "$pack_dir/lib/json_error.py" "$build_dir/package.json") || place=''
  if [ -n "$place" ]; then
    IFS=$'\t' read -r what line column <<<"$place"
    fail 'E4 bad-package-json' "package.json is not valid JSON: $what at line $line, column $column: $(sed -n "${line}p" "$build_dir/package.json" | tr -d '\r' | cut -c 1-200)"
  fi
  place=$(<"/tmp/package-json-problem")
  place=${place#jq: }
  place=${place#parse error: }
  place=${place#error (at *): }
  fail 'E4 bad-package-json' "package.json is not valid JSON: ${place:-it is empty}."
}
