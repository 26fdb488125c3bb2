# Names that differ from a file's only in upper and lower case: they work on some machines and not here (E17).

# wrong_case <output of a failed program> <the script that ran>: returns when that is not the cause.
wrong_case() {
  local wanted from actual
  while IFS=$'\t' read -r wanted from; do
    actual=$(other_case "$wanted" "$from")
    [ -n "$actual" ] || continue
    from=${from#"$build_dir"/}
    [ "$from" != "$build_dir" ] || from="the \"$2\" script"
    fail 'E17 file-case' "\"${wanted#"$build_dir"/}\" in $from does not exist, but \"$actual\" does. Names are case-sensitive here: fix the import or run git mv."
  done < <(awk -v root="$build_dir" -f "$pack_dir/lib/imports.awk" "$1")
}

# other_case <path as it is asked for> <file or folder that asks>: the file that is meant, relative to the app.
other_case() {
  local path base=$2
  [ -d "$base" ] || base=${base%/*}
  case $1 in
    /*) path=$1 ;;
    *) path=$base/$1 ;;
  esac
  path=$(realpath -m "$path")
  [[ $path == "$build_dir"/* ]] || return
  find_other_case "${path#"$build_dir"/}"
}

# The first entry that is this path but for case, with or without an extension, or a folder with an index.
find_other_case() {
  local pattern
  pattern=$(sed 's/[][*?\\]/\\&/g' <<<"$1")
  (
    cd "$build_dir" || exit
    find . \( -name node_modules -o -path ./.heroku \) -prune -o \( -ipath "./$pattern" -o -ipath "./$pattern.*" -o -ipath "./$pattern/index.*" \) -printf '%P\n'
  ) | LC_ALL=C sort | while IFS= read -r found; do
    # One that matches as it is written is not what failed.
    [[ $found != "$1" && $found != "$1".* && $found != "$1"/* ]] || { echo; break; }
    echo "$found"
  done | head -n 1
}
