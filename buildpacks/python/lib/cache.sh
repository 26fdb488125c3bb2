# What the next build finds again: downloads as one archive, and the list of trees that are still wanted.

# Downloads are thousands of small files that only an install reads.
with_download_cache() {
  local kept
  if [ "$PYTHON_PACKAGES_CACHE" != false ] && [ ! -d "$downloads" ]; then
    mkdir -p "$downloads"
    for kept in "$cache_dir/.immutable"/python-downloads-*/downloads.tar; do
      [ ! -f "$kept" ] || tar -C "$downloads" -xf "$kept" --no-same-owner
    done
  fi
  "$@"
}

keep_downloads() {
  [ "$PYTHON_PACKAGES_CACHE" != false ] || rm -rf "$cache_dir/.immutable"/python-downloads-*
  [ "$PYTHON_PACKAGES_CACHE" != false ] && [ -d "$downloads" ] || return 0
  # Ready-made packages are got as fast from the registry; what was compiled here stays.
  [ "$manager" != uv ] || "$tool/bin/uv" cache prune --ci -q 2>/dev/null
  rm -rf "$cache_dir/.immutable"/python-downloads-*
  [ -n "$(ls -A "$downloads")" ] || return 0
  # Old versions pile up; beyond this size a fresh start is cheaper than carrying them along.
  [ "$(du -sm "$downloads" | cut -f 1)" -lt 800 ] || return 0
  mkdir -p "$cache_dir/.immutable/python-downloads-$REQUEST_ID"
  tar -C "$downloads" -cf "$cache_dir/.immutable/python-downloads-$REQUEST_ID/downloads.tar" .
}

# Last of all: what this build did not use is out of date; trees of other buildpacks are theirs. .keep names what stays
# although it was moved out.
keep_trees() {
  local tree kept=()
  relocate
  keep_downloads
  for tree in "$cache_dir/.immutable"/python-*; do
    case ${tree##*/} in
      "${packages##*/}" | "python-$manager-$(manager_version)" | python-downloads-*) kept+=("${tree##*/}") ;;
      *) rm -rf "$tree" ;;
    esac
  done
  [ ${#kept[@]} -eq 0 ] || printf '%s\n' "${kept[@]}" >>"$cache_dir/.immutable/.keep"
}
