# The program below /opt/twelve/versions, one folder for each version, and /opt/twelve/current which names the one that
# runs. Sourced by scripts/install, after steps.sh and node.sh.

programs=/opt/twelve
command_file=/usr/local/bin/twelve
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

# The package's version, and what the files and its Node are: two that differ never share a folder.
version_of_checkout() {
  local number hash
  number=$("$node" -p 'require("./package.json").version')
  hash=$({ echo "$node" && find "${parts[@]}" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum)
  echo "$number-${hash:0:12}-$("$node" -p 'process.versions.modules')"
}

# make_version FOLDER: marked as whole at the very end; what an interrupted run left is begun again.
make_version() {
  rm -rf "$1" && mkdir -p "$1" && cp -a "${parts[@]}" "$1/" && chown -R 0:0 "$1" || return
  (
    cd "$1" &&
      install_packages && { sqlite_loads || make_sqlite; } &&
      build_dist && npm prune --omit=dev --ignore-scripts --no-audit --no-fund && sqlite_loads
  ) && link_node "$1/bin" && chmod -R go+rX "$1" && touch "$1/.whole"
}

# link_node FOLDER: what its packages were made for, and what it runs with also after a newer one has come and gone.
link_node() { mkdir "$1" && ln -s "$node" "$1/node" && ln -s "${node%/*}/npm" "$1/npm"; }

switch_program() {
  make_current "$fresh"
  write_command
}

# make_current VERSION: one rename.
make_current() { ln -sfn "$1" "$programs/current.new" && mv -T "$programs/current.new" "$programs/current"; }

# The version before ($before) stays, to go back to, with its Node; older ones go. Where it was no switch, all stay.
tidy_programs() {
  local each used=$'\n'
  if [ "$before" = "$fresh" ]; then return; fi
  for each in "$programs"/versions/*; do
    if [ "$each" = "$fresh" ] || [ "$each" = "$before" ]; then used+=$(node_of "$each")$'\n'; else rm -rf "$each"; fi
  done
  for each in "$programs"/nodes/* "$programs/node"; do
    if [[ $used != *$'\n'"$each/bin/node"$'\n'* ]]; then rm -rf "$each"; fi
  done
}

# node_of VERSION: those of before had one for all.
node_of() { readlink "$1/bin/node" || echo "$programs/node/bin/node"; }

# Not a link: the program's first line names whatever `node` comes first in somebody's $PATH.
write_command() {
  local ours=$command_file
  if [ -e "$command_file" ] && ! is_our_command "$command_file"; then
    ours=$programs/twelve
    say "$command_file is another program: left alone. Ours is $ours"
  fi
  rm -f "$ours"
  printf '#!/bin/sh\nexec %s/bin/node %s/dist/cli/main.js "$@"\n' "$programs/current" "$programs/current" >"$ours"
  chmod 755 "$ours"
}

# The command that was written.
our_command() { if is_our_command "$command_file"; then echo "$command_file"; else echo "$programs/twelve"; fi; }

# One that we wrote, or the link of scripts/setup.
is_our_command() {
  grep -q "$programs/current/dist/cli/main.js" "$1" 2>/dev/null || [[ $(readlink "$1") == */dist/cli/main.js ]]
}
