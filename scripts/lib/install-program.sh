# The program below /opt/twelve/versions, one folder for each version, and /opt/twelve/current which names the one that
# runs. Sourced by scripts/install, after steps.sh and node.sh.

programs=/opt/twelve
# What of a checkout the program is made of.
parts=(package.json package-lock.json tsconfig.json tsconfig.build.json LICENSE README.md CHANGELOG.md docs platform buildpacks scripts)

# Sets $fresh, the folder of the version that this checkout is.
make_program() {
  local version
  version=$(version_of_checkout)
  fresh=$programs/versions/$version
  if [ -e "$fresh/.whole" ]; then
    say "version $version is there already: keeping it"
    return
  fi
  mkdir -p "$programs/versions"
  hint="check that npm's registry can be reached (npm ping), then run this again." \
    step "Making the program, version $version (better-sqlite3 is compiled here where no binary is offered: about a minute)" \
    make_version "$fresh"
}

# The package's version and what the files are, so that two checkouts that differ never share a folder.
version_of_checkout() {
  local number hash
  number=$("$node" -p 'require("./package.json").version')
  hash=$(find "${parts[@]}" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  echo "$number-${hash:0:12}-$("$node" -p 'process.versions.modules')"
}

# make_version FOLDER: marked as whole at the very end; what an interrupted run left is begun again.
make_version() {
  rm -rf "$1" && mkdir -p "$1" && cp -a "${parts[@]}" "$1/" && chown -R 0:0 "$1" || return
  (
    cd "$1" &&
      install_packages && { sqlite_loads || make_sqlite; } &&
      build_dist && npm prune --omit=dev --ignore-scripts --no-audit --no-fund && sqlite_loads
  ) && chmod -R go+rX "$1" && touch "$1/.whole"
}

# The switch is one rename. The version before stays, to go back to; older ones go. Where it is no switch, all stay.
switch_program() {
  local before kept
  before=$(readlink "$programs/current" || true)
  if [ "$before" = "$fresh" ]; then
    write_command
    return
  fi
  ln -sfn "$fresh" "$programs/current.new" && mv -T "$programs/current.new" "$programs/current"
  write_command
  for kept in "$programs"/versions/*; do
    if [ "$kept" != "$fresh" ] && [ "$kept" != "$before" ]; then rm -rf "$kept"; fi
  done
}

# Not a link: the program's first line names whatever `node` comes first in somebody's $PATH.
write_command() {
  local command=/usr/local/bin/twelve
  if [ -e "$command" ] && ! is_our_command "$command"; then
    say "$command is another program: left alone. Ours is $programs/twelve"
    command=$programs/twelve
  fi
  rm -f "$command"
  printf '#!/bin/sh\nexec %s %s/current/dist/cli/main.js "$@"\n' "$node" "$programs" >"$command"
  chmod 755 "$command"
}

# One that we wrote, or the link of scripts/setup.
is_our_command() {
  grep -q "$programs/current/dist/cli/main.js" "$1" 2>/dev/null || [[ $(readlink "$1") == */dist/cli/main.js ]]
}
