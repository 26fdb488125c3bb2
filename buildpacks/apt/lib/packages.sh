# Which packages are missing in the run stack, and their files in .apt: from the cache or from Debian.

tree=$build_dir/.apt
immutable=$cache_dir/.immutable
# What the run stack has. The build stack has more, which a running app would miss.
installed=/usr/local/lib/twelve/run-packages
[ -f "$installed" ] || installed=/var/lib/dpkg/status

# Nothing of the system is changed: lists and archives are ours.
apt=(apt-get -q -y -o Debug::NoLocking=true -o Dir::State=/tmp/apt/state -o Dir::State::status=/tmp/apt/installed
  -o Dir::Cache=/tmp/apt/cache -o APT::Install-Recommends=false -o APT::Update::Error-Mode=any
  -o Acquire::Retries=2 -o Acquire::Languages=none -o Dpkg::Use-Pty=false)

# restore_recent: the tree for the same Aptfile, when it was compared with Debian within the last day. Sets digest.
restore_recent() {
  local now at asked
  digest=$({
    printf '%s\n' 2 "$STACK" "$MACHTYPE" "${wanted[@]}"
    [ ${#debs[@]} -eq 0 ] || sha256sum -- "${debs[@]}" | cut -d ' ' -f 1
    cat "$installed" /etc/apt/sources.list
  } | sha256sum)
  digest=${digest:0:40}
  { read -r asked; read -r at; read -r name; } 2>/dev/null <"$cache_dir/apt/checked"
  [ "$asked" = "$digest" ] && [ -d "$immutable/$name" ] || { name=''; return 1; }
  last=$name
  printf -v now '%(%s)T' -1
  [ $((now - at)) -lt 86400 ] || return 1
  checked_at=$at
  restore
}

restore() {
  say "$(package_count) from the cache: ${named[*]}"
  rm -rf "$tree"
  if [ -O "$immutable/$name/packages" ]; then cp -a --reflink=auto "$immutable/$name/tree" "$tree"; else mv "$immutable/$name/tree" "$tree"; fi
}

package_count() {
  local count
  count=$(wc -l <"$immutable/$name/packages")
  if [ "$count" -eq 1 ]; then echo '1 package'; else echo "$count packages"; fi
}

update_lists() {
  mkdir -p /tmp/apt/state/lists/partial /tmp/apt/cache/archives/partial
  cp "$installed" /tmp/apt/installed
  if ! "${apt[@]}" update >/tmp/apt/output 2>&1; then
    # An old answer is better than none.
    if [ -n "$last" ]; then
      name=$last checked_at=0
      say "Debian's package lists cannot be had; going on with the packages of the last build."
      restore
      keep_tree
      write_profile
      write_export
      exit 0
    fi
    explain_failure /tmp/apt/output
  fi
}

# Sets name: it says which packages in which versions.
resolve_packages() {
  local sum
  "${apt[@]}" -qq --print-uris install "${wanted[@]}" "${debs[@]}" >/tmp/apt/uris 2>/tmp/apt/output || explain_failure /tmp/apt/output
  grep "^'" /tmp/apt/uris >/tmp/apt/archives
  sum=$({ echo "$digest"; cut -d ' ' -f 2- /tmp/apt/archives; } | sha256sum)
  name=apt-${sum:0:40}
}

restore_same() { [ -d "$immutable/$name" ] && restore; }

install_packages() {
  local archive
  if [ ! -s /tmp/apt/archives ] && [ ${#debs[@]} -eq 0 ]; then
    say "The run stack has all of it already: ${wanted[*]}"
  else
    step "Installing ${named[*]}"
    rm -f /tmp/apt/cache/archives/*.deb
    "${apt[@]}" --download-only install "${wanted[@]}" "${debs[@]}" >/tmp/apt/output 2>&1 || explain_failure /tmp/apt/output
  fi
  rm -rf "$tree"
  mkdir -p "$tree" "$immutable/$name"
  : >"$immutable/$name/packages"
  # What has an address is unpacked last: it may bring files that a package of Debian has too.
  for archive in /tmp/apt/cache/archives/*.deb "${debs[@]}"; do
    [ -f "$archive" ] || continue
    dpkg -x "$archive" "$tree" || fail '' "${archive##*/} cannot be unpacked."
    dpkg-deb --show --showformat '${Package} ${Version}' "$archive" | tee -a "$immutable/$name/packages" | sed 's/^/       /'
    echo | tee -a "$immutable/$name/packages"
  done
  # Manuals are read by nobody here.
  rm -rf "$tree"/usr/share/{doc,man,info,lintian}
  complete_links
  cp -a --reflink=auto "$tree" "$immutable/$name/tree"
}

# A -dev package links to the library of another package: where that one is not in .apt, since the run stack has it, the link
# leads there. Else a linker would take the static library beside it.
complete_links() {
  local path target
  while IFS= read -r path; do
    target=$(readlink "$path")
    [[ $target != /* ]] || continue
    target=$(realpath -m -s "/${path#"$tree"/}/../$target")
    [ ! -e "$target" ] || ln -sfn "$target" "$path"
  done < <(find "$tree" -xtype l -name '*.so*')
}

# Trees of other buildpacks are theirs.
keep_tree() {
  local other now
  for other in "$immutable"/apt-*; do [ "${other##*/}" = "$name" ] || rm -rf "$other"; done
  mkdir -p "$immutable" "$cache_dir/apt"
  echo "$name" >>"$immutable/.keep"
  printf -v now '%(%s)T' -1
  printf '%s\n' "$digest" "${checked_at:-$now}" "$name" >"$cache_dir/apt/checked"
}
