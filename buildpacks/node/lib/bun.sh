# Bun as a package manager: how it installs and prunes, and what its failures mean.

run_command=(bun run)
download_cache=/tmp/bun-cache
key_files=(.npmrc bunfig.toml)

manager_environment() {
  export BUN_INSTALL_CACHE_DIR=$download_cache DO_NOT_TRACK=1
  use_registry
}

set_install_command() {
  install_command=(bun install --no-progress)
  [ -z "$lockfile" ] || install_command+=(--frozen-lockfile)
}

why_manager_keeps() { :; }

set_prune_command() { prune_command=(bun_prune); }

# Bun removes nothing from a tree that is there. A second one, without devDependencies, says which packages have to go.
bun_prune() {
  local scratch=/tmp/bun-pruned
  rm -rf "$scratch" && mkdir -p "$scratch"
  find . \( -name node_modules -o -path ./.heroku \) -prune -o -type f \( -name package.json -o -path './patches/*' \) -print0 |
    xargs -0 cp --parents -t "$scratch"
  cp bun.lock* bunfig.toml .npmrc "$scratch" 2>/dev/null
  (cd "$scratch" && as_app bun install --production --ignore-scripts --frozen-lockfile --no-progress) || return
  installed_packages . >/tmp/packages-all
  installed_packages "$scratch" >/tmp/packages-needed
  if [ -n "$(LC_ALL=C comm -13 /tmp/packages-all /tmp/packages-needed)" ]; then
    # Packages lie elsewhere without devDependencies: what is there works, and stays.
    echo 'devDependencies stay: without them the packages would have to be laid out anew.'
    return
  fi
  LC_ALL=C comm -23 /tmp/packages-all /tmp/packages-needed | cut -f 1 | tr '\n' '\0' | xargs -0 -r rm -rf --
  find . \( -path ./.heroku \) -prune -o -path '*/node_modules/*' -xtype l -print0 | xargs -0 -r rm -f --
  find . \( -path ./.heroku \) -prune -o -path '*/node_modules/@*' -type d -empty -print0 | xargs -0 -r rmdir --
}

# Lines of `<folder>\t<version>` of every package below node_modules, sorted.
installed_packages() {
  (
    cd "$1" || exit
    find . -path ./.heroku -prune -o -type f -name package.json -regex '.*/node_modules/\(@[^/]*/\)?[^/]*/package.json' -print0 |
      xargs -0 -r jq -r '[(input_filename | rtrimstr("/package.json")), (.version // "")] | @tsv' | LC_ALL=C sort
  )
}

explain_manager() {
  local output=$1 wanted
  grep -q 'lockfile had changes, but lockfile is frozen' "$output" &&
    stale_lockfile "$(sed -nE 's/.*since bun\.lockb? was saved: (.*)/\1/p' "$output" | head -n 1)"
  # What it could not talk to it calls unresolved too; the reason stands before "downloading".
  grep -qE '^error: [A-Za-z_]+ downloading |ConnectionRefused|FailedToOpenSocket|ConnectionClosed|ConnectionTimeout|UnknownHost' "$output" && return
  grep -qE '( - 404|No version matching|failed to resolve)' "$output" || return 0
  wanted=$(sed -nE 's/^error: ([^ ]+@[^ ]+) failed to resolve.*/\1/p' "$output" | head -n 1)
  package_not_found "${wanted:-$(sed -nE 's#.*GET https?://[^/]+/([^ ]+) - 404.*#\1#p' "$output" | head -n 1)}"
}

failed_own_script() {
  sed -nE 's/^error: ([a-z]+) script from "[^"]*" exited with .*/\1/p' "$1" | while read -r name; do
    [[ " $lifecycle_scripts " != *" $name "* ]] || echo "$name"
  done | head -n 1
}

after_install() {
  ! grep -qE '^Blocked [0-9]+ (pre|post)?install' "$1" ||
    warn 'Bun did not run the install scripts of some packages (bun pm untrusted lists them).' \
      'If they are needed: run bun pm trust <package> locally, commit the change.'
}
