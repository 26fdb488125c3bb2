# How the buildpack talks: steps, lines below them, warnings, and the one failure that ends it.

step() { printf -- '-----> %s\n' "$*"; }
say() { printf '       %s\n' "$*"; }
warn() { printf ' !     %s\n' "$@"; echo; }

# fail <line…>: these lines end the output, and so are the message of the failed build.
fail() {
  printf ' !     %s\n' "$@"
  exit 1
}
