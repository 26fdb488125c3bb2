# Where programs, libraries and headers of .apt are found: by later buildpacks (export) and by the running app (.profile.d).

# for_root <root as shell text>: lines that set what both need.
for_root() {
  local machine root=$1
  machine=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
  cat <<EOF
export PATH="$root/usr/bin:$root/usr/sbin:$root/bin:\$PATH:$root/usr/games"
export LD_LIBRARY_PATH="$root/usr/lib/$machine:$root/usr/lib:$root/lib/$machine:$root/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export PERL5LIB="$root/usr/share/perl5:$root/usr/lib/$machine/perl5\${PERL5LIB:+:\$PERL5LIB}"
export XDG_DATA_DIRS="$root/usr/share:\${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"
EOF
}

write_profile() {
  mkdir -p "$build_dir/.profile.d"
  { echo '# Programs and libraries of the packages in .apt. Sourced at boot.'; for_root '$HOME/.apt'; } >"$build_dir/.profile.d/apt.sh"
}

write_export() {
  local machine pc
  machine=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
  # They name where a package would be if it were installed; copies, for what they say here is true for this build only.
  mkdir -p /tmp/apt-pkgconfig
  while IFS= read -r pc; do
    sed -E "s#^(prefix|exec_prefix|libdir|includedir)=/#\1=$tree/#" "$pc" >"/tmp/apt-pkgconfig/${pc##*/}"
  done < <(find "$tree" -path '*/pkgconfig/*.pc' 2>/dev/null)
  {
    for_root "$tree"
    cat <<EOF
export LIBRARY_PATH="$tree/usr/lib/$machine:$tree/usr/lib:$tree/lib/$machine\${LIBRARY_PATH:+:\$LIBRARY_PATH}"
export CPATH="$tree/usr/include:$tree/usr/include/$machine\${CPATH:+:\$CPATH}"
export PKG_CONFIG_PATH="/tmp/apt-pkgconfig\${PKG_CONFIG_PATH:+:\$PKG_CONFIG_PATH}"
EOF
  } >"$pack_dir/export"
}
