# Between builds: toolchain, modules and compiled packages, as trees that come back by links (see README, Cache).
#
# Their files may belong to another user then and cannot be changed in place. The go command adds files and replaces them
# by renaming; what it does open for writing is removed before it runs: locks, and the mark of the last clean-up.

kept_trees=()
keep_tree() { kept_trees+=("$1"); }

# Sets modules and compiled, the folders that the go command works in: last build's under new names, or empty ones.
restore_cache() {
  local immutable=$cache_dir/.immutable
  mkdir -p "$immutable"
  take_over modules "$immutable/go-modules-"
  take_over compiled "$immutable/go-compiled-"
  find "$modules/cache" \( -name '*.lock' -o -name lock \) -type f -delete 2>/dev/null
  rm -f "$compiled/trim.txt"
  forget_compiled
}

# The go command does not see the libraries of an Aptfile change: what was compiled against others is of no use.
forget_compiled() {
  local sum='' before='' file=$cache_dir/go/aptfile
  [ ! -d "$build_dir/.apt" ] || [ ! -f "$build_dir/Aptfile" ] || sum=$(sha256sum <"$build_dir/Aptfile")
  [ ! -f "$file" ] || before=$(<"$file")
  [ "$sum" != "$before" ] || return 0
  rm -rf "$compiled"
  mkdir -p "$compiled" "${file%/*}"
  printf '%s\n' "$sum" >"$file"
}

# take_over <variable> <path without its last part>: a tree's name stands for its content, so a tree to add to gets a new one.
take_over() {
  local -n folder=$1
  local old
  folder=$2$REQUEST_ID
  for old in "$2"*; do
    [ -d "$old" ] || continue
    if [ -d "$folder" ]; then rm -rf "$old"; else mv "$old" "$folder"; fi
  done
  mkdir -p "$folder"
}

# Old versions pile up; beyond these sizes (MB) a fresh start is cheaper than carrying them along.
# Trees of other buildpacks are theirs.
keep_cache() {
  local tree
  keep_below "$modules" 1500
  keep_below "$compiled" 1500
  printf '%s\n' "${kept_trees[@]}" >>"$cache_dir/.immutable/.keep"
  for tree in "$cache_dir/.immutable"/go-*; do
    [[ " ${kept_trees[*]} " == *" ${tree##*/} "* ]] || rm -rf "$tree"
  done
}

keep_below() {
  if [ "$(du -sm "$1" | cut -f 1)" -le "$2" ]; then keep_tree "${1##*/}"; fi
}
