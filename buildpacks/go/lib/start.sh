# How the app starts, where there is no Procfile: one program is the web process, of several each has a type of its own.

write_start() {
  local programs=() path name type
  [ ! -f "$build_dir/Procfile" ] || return 0
  mapfile -t programs < <(cut -f 2 /tmp/go-mains | sort -u)
  echo '---' >"$pack_dir/release.yml"
  echo 'default_process_types:' >>"$pack_dir/release.yml"
  for path in "${programs[@]}"; do
    name=${path##*/}
    type=${name//[^A-Za-z0-9_-]/-}
    if [ ${#programs[@]} -eq 1 ] || { [ "$name" = server ] && ! printf '%s\n' "${programs[@]##*/}" | grep -qx web; }; then type=web; fi
    # A process of this type would run before each release, which nobody has asked for.
    [ "$type" != release ] || continue
    printf "  %s: 'bin/%s'\n" "${type:0:63}" "${name//\'/\'\'}" >>"$pack_dir/release.yml"
  done
}
