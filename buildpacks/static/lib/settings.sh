# static.json: is it one, and does it say what can be served. Without the file everything has its default.

read_settings() {
  local problem place line
  settings=/tmp/static.json
  if [ ! -f "$build_dir/static.json" ]; then
    echo '{}' >"$settings"
    return
  fi
  if ! problem=$(jq -e 'type == "object" or error("it is not an object")' "$build_dir/static.json" 2>&1 >"$settings.checked") || [ ! -s "$settings.checked" ]; then
    place=${problem#jq: }
    place=${place#parse error: }
    place=${place#error (at *): }
    if [[ $place =~ ^(.*)\ at\ line\ ([0-9]+),\ column\ ([0-9]+) ]]; then
      # A word is only known to be none at its end, which may be that of its line.
      line=${BASH_REMATCH[2]}
      [ "${BASH_REMATCH[3]}" != 0 ] || line=$((line - 1))
      fail "static.json is not valid JSON: ${BASH_REMATCH[1]} at line $line: $(sed -n "${line}p" "$build_dir/static.json" | cut -c 1-200)"
    fi
    fail "static.json is not valid JSON: ${place:-it is empty}."
  fi
  cp "$build_dir/static.json" "$settings"
}

# What nginx would stumble over, or silently do otherwise, is told now and in terms of the file.
check_settings() {
  local kind text errors=()
  while IFS=$'\t' read -r kind text; do
    if [ "$kind" = error ]; then errors+=("static.json: $text"); else warn "static.json: $text"; fi
  done < <(jq -r -f "$pack_dir/lib/check.jq" "$settings")
  [ ${#errors[@]} -eq 0 ] || fail "${errors[@]}"
}
