# A package's native part that was not compiled, or whose ready-made binary was not given: which package, and what is missing.

# failed_folder <output>: of the package whose install script ended the install, where the manager says so (npm, Yarn 1).
failed_folder() {
  sed -nE -e 's#^npm (error|ERR!) path (/.*)#\2#p' -e 's#^error (/.*): Command failed\.$#\1#p' "$1" | head -n 1
}

# compiled_folders <output>: those in which node-gyp failed.
compiled_folders() {
  sed -nE 's#.*gyp ERR! cwd (/.*[^ ]) *$#\1#p' "$1" | sort -u
}

# package_in <folder>: the package that it is of, or in; '' for the app itself.
package_in() {
  if [[ $1 == */node_modules/* ]]; then
    [[ ${1##*/node_modules/} =~ ^(@[^/]+/)?[^/]+ ]] && echo "${BASH_REMATCH[0]}"
  elif [ "$1" != "$build_dir" ] && [ -f "$1/package.json" ]; then
    jq -r '.name // empty | strings' "$1/package.json" 2>/dev/null | grep . || echo "${1##*/}"
  fi
}

# Sets packages: whose native part it may be, as precisely as the output says.
packages_that_failed() {
  local folder folders=()
  packages=()
  folder=$(failed_folder "$1")
  if [ -n "$folder" ]; then folders=("$folder"); else mapfile -t folders < <(compiled_folders "$1"); fi
  for folder in "${folders[@]}"; do packages+=("$(package_in "$folder")"); done
  # Folders may be of one package.
  [ ${#packages[@]} -lt 2 ] || mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep . | sort -u)
}

# gyp_ended <output>: whether it was a native part that ended the install, and not one that may fail (of an optional package).
gyp_ended() {
  local folder
  grep -q 'gyp ERR!' "$1" || return
  folder=$(failed_folder "$1")
  [ -z "$folder" ] || compiled_folders "$1" | awk -v folder="$folder" '$0 == folder || index($0, folder "/") == 1 { found = 1 } END { exit NR > 0 && !found }'
}

native_module() {
  local output=$1 packages missing cause hint which newer
  packages_that_failed "$output"
  missing=$(grep -oE 'fatal error: [^:]+: No such file' "$output" | head -n 1 | sed -E 's/fatal error: ([^:]+):.*/header \1/')
  [ -n "$missing" ] || missing=$(grep -oE 'cannot find -l[^ :]+' "$output" | head -n 1 | sed -E 's/cannot find -l/library /')
  [ -n "$missing" ] || missing=$(sed -nE "s/.*ModuleNotFoundError: No module named '([^']+)'.*/python module \1/p; s/.*(make|g\+\+|gcc|python3?): not found.*/compiler \1/p; s/.*not found: (make|g\+\+|gcc|python3?).*/compiler \1/p" "$output" | head -n 1)
  case ${#packages[@]} in
    0) which='A package' newer=version ;;
    1) which=${packages[0]:-This app} newer=${packages[0]:-dependency} ;;
    *)
      printf -v which '%s, ' "${packages[@]}"
      which="One of these packages (${which%, })" newer=version
      ;;
  esac
  cause=${missing:+missing $missing} cause=${cause:-see the compiler output above}
  hint="Try a newer $newer that ships ready-made binaries, or add the system package$(system_package "$missing") to an Aptfile and name the buildpacks \"apt\" and \"node\" in .buildpacks."
  fail 'E14 native-module' "$which has a native part that could not be compiled: $cause. $hint"
}

# What prebuild-install and node-pre-gyp say of a binary that its author's server did not give.
prebuilt_problem() {
  sed -nE -e 's/.*prebuild-install (warn|WARN|err|ERR!) install (.*[^ ]) *$/\2/p' -e 's/.*node-pre-gyp (warn|WARN|err|ERR!) install (.*[^ ]) *$/\2/p' "$1" |
    grep -E 'E[A-Z]{5,}|[Cc]ertificate|status|[Nn]o prebuilt|[Tt]imed? ?out' | head -n 1
}

# prebuilt_refused <output>: returns where no package asked for its ready-made binary in vain. Its author's server is not the registry.
prebuilt_refused() {
  local words package packages
  words=$(prebuilt_problem "$1")
  packages_that_failed "$1"
  package=${packages[0]}
  [ -n "$words" ] && [ ${#packages[@]} -eq 1 ] && [ -n "$package" ] || return 0
  # Compiled instead, or tried to.
  ! grep -qE '(^|[^-])gyp ERR!' "$1" || native_module "$1"
  fail 'E14 native-module' "$package has a native part whose ready-made binary was not to be had: ${words%.}. Try a newer $package that has its binaries in packages of the registry, or one that compiles where there are none."
}

# Well-known headers and libraries -> " <Debian package>".
system_package() {
  case $1 in
    *cairo*) echo ' libcairo2-dev' ;;
    *pango*) echo ' libpango1.0-dev' ;;
    *jpeglib* | *-ljpeg) echo ' libjpeg62-turbo-dev' ;;
    *vips*) echo ' libvips-dev' ;;
    *zmq*) echo ' libzmq3-dev' ;;
    *mysql*) echo ' default-libmysqlclient-dev' ;;
    *krb5* | *gssapi*) echo ' libkrb5-dev' ;;
    *libusb*) echo ' libusb-1.0-0-dev' ;;
    *curl/*) echo ' libcurl4-openssl-dev' ;;
    header\ *) echo " that contains ${1#header }" ;;
    *) echo ' it needs' ;;
  esac
}
