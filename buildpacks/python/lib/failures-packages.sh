# A package that cannot be had, is not for this Python, or does not compile -> which one, and what to do.

wrong_python() {
  local found wanted range
  found=$(first_match "Package '[^']+' requires a different Python: [^ ]+ not in '[^']+'|The requested interpreter resolved to Python .*|Your (Pipfile|project) requires .*Python.*|Current Python version \([^)]*\) is not allowed by the project.*|Cannot install on Python version [^;]*; only versions [^ ]+ are supported" "$1")
  [ -z "$found" ] || fail 'E8 bad-python-version' "${found%.}. This stack has: ${python_version%.*} ($python_version). Choose versions that accept it."
  # pip looks away from versions for another Python, and tells so only beside what it did not find.
  wanted=$(not_found_by_pip "$1")
  range=$(grep -E 'require a different python version' "$1" | grep -oE "[ ;]${wanted##*==} Requires-Python [^;]*" | head -n 1 | sed -E 's/.*Requires-Python //')
  [[ $wanted != *==* || -z $range ]] ||
    fail 'E8 bad-python-version' "$wanted, required by $(deciding_file), is for Python \"$range\". This stack has: ${python_version%.*} ($python_version). Choose a version that accepts it."
}

not_found_by_pip() { first_match 'No matching distribution found for .*' "$1" | sed -E 's/^No matching distribution found for //; s/ \(from .*//'; }

package_not_found() {
  local wanted file there
  file=$(deciding_file)
  wanted=$(not_found_by_pip "$1")
  if [ -z "$wanted" ]; then
    wanted=$(one_line "$1" | grep -oE 'Because [^ ]+ was not found in the package registry|Because only [^ ]+ (is|are) available and [^ ]+ ([^ ]+ )?depends on [^ ,]+|there (is|are) no versions? of [^ ]+' | head -n 1 |
      sed -E 's/ was not found.*//; s/[.,]$//; s/.* //')
    # What a lock file lacks is looked for anew: it is pyproject.toml that wants it.
    [ -z "$wanted" ] || file=pyproject.toml
  fi
  [ -n "$wanted" ] || wanted=$(first_match 'Unable to find installation candidates for .*' "$1" | sed -E 's/^Unable to find installation candidates for //; s/ \((.*)\)/==\1/')
  [ -n "$wanted" ] || ! grep -qE '404 Not Found|410 Gone' "$1" || wanted=$(first_match 'Failed to (download|fetch|build) `[^`]+`' "$1" | cut -d '`' -f 2)
  [ -n "$wanted" ] || return 0
  there=$(first_match '\(from versions: [^)]*\)' "$1" | sed -E 's/.*: //; s/\)//; s/^none$//' | tr -d ' ' | tr ',' '\n' | tail -n 5 | paste -sd ' ' | sed 's/ /, /g')
  fail 'E10 package-not-found' "$wanted, required by $file, is not in the registry${there:+, which has: $there}. Check the spelling, the version, and whether it is private (then add a token by config var)."
}

native_module() {
  local package missing deb
  missing=$(first_match 'fatal error: [^:]+: No such file' "$1" | sed -E 's/fatal error: ([^:]+):.*/header \1/')
  [ -n "$missing" ] || missing=$(first_match 'cannot find -l[^ :]+|pg_config executable not found|mysql_config[^ ]* not found|Package .?[A-Za-z0-9.+-]+.? was not found in the pkg-config|No package .[A-Za-z0-9.+-]+. found|Dependency "[^"]+" not found|Did not find pkg-config[^ ]*|Rust toolchain|[Cc]argo[, ].*not (installed|found).*' "$1")
  [ -n "$missing" ] || ! grep -q 'Can not find valid pkg-config name' "$1" || missing="library $(first_match 'pkg-config --exists [A-Za-z0-9.+-]+' "$1" | sed 's/.* //')"
  grep -qE "command '[^']*(gcc|g\+\+|cc|x86_64-linux-gnu-gcc|aarch64-linux-gnu-gcc)' failed|fatal error: .*No such file" "$1" || [ -n "$missing" ] || return 0
  package=$(package_that_failed "$1")
  deb=$(debian_package "$missing")
  fail 'E14 native-module' "${package:-A package} has a native part that could not be compiled: ${missing:+missing: }${missing:-see the compiler output above}. Try a newer ${package:-version} that ships ready-made binaries, or add ${deb:-the Debian package that has it (its name ends in -dev)} to an Aptfile and name the buildpacks \"apt\" and \"python\" in .buildpacks, one per line."
}

# As the installer names it; nothing where it doesn't. Of several the one whose compiler said what is missing, not one before it.
package_that_failed() {
  local package
  package=$(awk '
    /fatal error: .*No such file|cannot find -l|command .* failed/ { compiled = 1 }
    match($0, /Failed building wheel for [A-Za-z0-9._-]+/) { name = substr($0, RSTART + 26, RLENGTH - 26); if (first == "" || (compiled && !settled)) first = name; settled = compiled }
    END { if (first != "") print first }
  ' "$1")
  # uv says it before the compiler's words, Poetry long after them.
  [ -n "$package" ] || package=$(first_match 'Failed to build `[^`=]+' "$1" | sed 's/.*`//; s/ *@.*//')
  [ -n "$package" ] || package=$(one_line "$1" | grep -oE 'following issues with [A-Za-z0-9._-]+' | head -n 1 | sed 's/.* //')
  # Before a wheel is begun pip names only what it fetched last. What it fetched to build that with is further in.
  [ -n "$package" ] || package=$(grep -oE '^ *Collecting [A-Za-z0-9._-]+' "$1" | awk '{ match($0, /^ */) } NR == 1 || RLENGTH <= least { least = RLENGTH; name = $2 } END { print name }')
  echo "$package"
}

# The package whose header or library is missing, of those that Python packages ask for most.
debian_package() {
  case $1 in
    *lber.h* | *ldap*) echo 'libldap-dev and libsasl2-dev' ;;
    *sasl*) echo libsasl2-dev ;;
    *mysql* | *mariadb*) echo default-libmysqlclient-dev ;;
    *cairo*) echo libcairo2-dev ;;
    *xmlsec*) echo libxmlsec1-dev ;;
    *portaudio*) echo portaudio19-dev ;;
    *gdal* | *cpl_*) echo libgdal-dev ;;
    *geos*) echo libgeos-dev ;;
    *snappy*) echo libsnappy-dev ;;
    *sql.h* | *odbc*) echo unixodbc-dev ;;
    *gssapi* | *krb5*) echo libkrb5-dev ;;
    *graphviz*) echo libgraphviz-dev ;;
    *rdkafka*) echo librdkafka-dev ;;
    *hdf5*) echo libhdf5-dev ;;
    *magic.h*) echo libmagic-dev ;;
  esac
}
