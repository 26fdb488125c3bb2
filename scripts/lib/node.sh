# Node, the npm packages, what is compiled from our own sources, and the images it makes. Sourced by the scripts, after steps.sh and apt.sh.

check_node() {
  command -v node >/dev/null && command -v npm >/dev/null ||
    fail "Node and npm are not installed." "install Node 20.19 or newer (https://nodejs.org/en/download)."
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node is $(node --version); 20.19 or newer is needed." "install a newer Node (https://nodejs.org/en/download)."
}

# npm writes its own copy of the lock file as the last thing of an install.
packages_current() {
  [ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]
}

# Install scripts run only for the one package that needs it, below: some versions of npm refuse them unless approved.
install_packages() {
  # npm would empty the folder behind a link, which is another clone's.
  [ ! -L node_modules ] || rm node_modules
  npm ci --ignore-scripts --no-audit --no-fund
}

sqlite_loads() { node -e 'new (require("better-sqlite3"))(":memory:").close()' 2>/dev/null; }

# The binary of an earlier clone, else a ready-made one, else one compiled here.
make_sqlite() {
  local binary=node_modules/better-sqlite3/build/Release/better_sqlite3.node kept
  kept=$(kept_sqlite)
  if [ -e "$kept" ]; then
    mkdir -p "${binary%/*}" && cp "$kept" "$binary" && sqlite_loads && return
  fi
  install_sqlite || return
  mkdir -p "${kept%/*}" && cp "$binary" "$kept.$$" && mv "$kept.$$" "$kept" || echo "not kept for other clones: $kept"
}

# Where it is kept: one for each version, Node ABI and machine type.
kept_sqlite() {
  local key
  key=$(node -p '`${require("better-sqlite3/package.json").version}-${process.versions.modules}-${process.arch}`')
  echo "${XDG_CACHE_HOME:-$HOME/.cache}/twelve/better-sqlite3-$key.node"
}

install_sqlite() {
  run_sqlite_install && sqlite_loads && return
  if ! has_compiler; then
    echo "no ready-made binary for this machine: installing a compiler"
    [ "$(id -u)" -eq 0 ] || {
      echo "this needs root"
      return 1
    }
    apt_install build-essential python3 && run_sqlite_install && sqlite_loads && return
  fi
  # Shows why.
  node -e 'new (require("better-sqlite3"))(":memory:").close()'
}

has_compiler() { command -v g++ >/dev/null && command -v make >/dev/null && command -v python3 >/dev/null; }

# The package's own script, run as such: it is not subject to npm's approvals.
run_sqlite_install() {
  local headers
  headers=$(node -p 'require("path").resolve(process.execPath, "../..")')
  (
    cd node_modules/better-sqlite3 || exit
    # Headers that came with this Node save their download.
    if [ -e "$headers/include/node/node.h" ]; then export npm_config_nodedir=$headers; fi
    JOBS=max npm run install
  )
}

# dist/.made is older than what changed since.
dist_current() {
  [ -e dist/.made ] && [ -e dist/make-images.js ] &&
    [ -z "$(find platform tsconfig.json tsconfig.build.json package.json -newer dist/.made ! -type d -print -quit)" ]
}

build_dist() {
  mkdir -p dist && touch dist/.making && npm run build && mv dist/.making dist/.made
}

# What TWELVE_IMAGES_EPOCH is for images that are made anew. Minutes, since a second fix may come out the same day.
epoch_of_now() { date -u +%FT%H:%MZ; }

# images_step: what is said of `make_images`.
images_step() {
  if [ -n "$fresh_images" ]; then
    echo "Making the images the platform needs anew, with Debian's newest packages"
  else
    echo "Making the images the platform needs (those that are there are kept)"
  fi
}

# make_images FOLDER: by the program compiled there. Status 3: there is no base image, and what makes one is not installed.
make_images() {
  local status=0
  node "$1/dist/make-images.js" || status=$?
  [ "$status" -eq 3 ] || return "$status"
  need_root "Installing mmdebstrap"
  step "Installing mmdebstrap" apt_install mmdebstrap debian-archive-keyring
  node "$1/dist/make-images.js"
}
