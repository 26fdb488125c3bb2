# The manager's own download cache is thousands of small files that only an install reads: one archive in our cache.

# with_download_cache <function>
with_download_cache() {
  local kept
  if [ "$NODE_MODULES_CACHE" = false ]; then
    "$@"
    return
  fi
  mkdir -p "$download_cache"
  for kept in "$cache_dir/.immutable/downloads-$manager"-*/downloads.tar; do
    [ ! -f "$kept" ] || tar -C "$download_cache" -xf "$kept" --no-same-owner
  done
  "$@"
  save_downloads
}

save_downloads() {
  local folder=$cache_dir/.immutable/downloads-$manager-$REQUEST_ID
  [ -d "$download_cache" ] || return 0
  rm -rf "$cache_dir/.immutable"/downloads-*
  # Old versions pile up; beyond this size a fresh start is cheaper than carrying them along.
  [ "$(du -sm "$download_cache" | cut -f 1)" -lt 800 ] || return 0
  mkdir -p "$folder"
  tar -C "$download_cache" -cf "$folder/downloads.tar" .
}
