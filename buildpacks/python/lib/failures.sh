# What a failed program printed -> the cause, in words (failure catalogue of the buildpack reference).

# explain_failure <exit status> <command> <its output>
explain_failure() {
  local status=$1 command=$2 output=$3
  stale_lockfile "$output"
  registry_problem "$output"
  wrong_python "$output"
  package_not_found "$output"
  bad_requirements "$output"
  grep -qE 'Permission denied \(publickey\)|Host key verification failed|ssh: not found|cannot run ssh' "$output" &&
    fail 'E15 install-scripts-blocked' 'A git dependency is fetched over SSH. Builds have no SSH key: use an https URL with a token, or a registry version.'
  native_module "$output"
  fail 'E13 install-failed' "\"$command\" failed with exit code $status. Its output is above. It fails the same way on your machine in a new virtual environment of Python ${python_version%.*}."
}

first_match() { grep -oE -- "$1" "$2" | head -n 1; }

stale_lockfile() {
  local source=pyproject.toml difference='they name different packages'
  # Some break their lines at the width of a terminal.
  tr -s '[:space:]' ' ' <"$1" | grep -qE 'lockfile( at [^ ]+)? needs to be updated|changed significantly since poetry.lock|Pipfile.lock \([^)]*\) is out of date|Aborting deploy' || return 0
  [ "$manager" != pipenv ] || source=Pipfile
  fail 'E7 lockfile-stale' "$lockfile does not match $source ($difference). Run $manager lock locally and commit $lockfile."
}

registry_problem() {
  local cause=''
  if grep -qE 'CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate' "$1"; then
    cause='certificate not trusted'
  elif grep -qE 'Name or service not known|Temporary failure in name resolution|Failed to resolve|NameResolutionError|dns error' "$1"; then
    cause='name not found'
  elif grep -qE 'Connection refused' "$1"; then
    cause='connection refused'
  elif grep -qE 'Read timed out|ConnectTimeout|connection timed out|operation timed out' "$1"; then
    cause='timed out'
  elif grep -qE 'Connection (reset|broken|aborted)|RemoteDisconnected|All attempts to connect to|Network is unreachable|Failed to establish a new connection|error sending request' "$1"; then
    cause='connection lost'
  fi
  [ -z "$cause" ] ||
    fail 'E9 registry-unreachable' "The build could not talk to the package registry ($cause). Your app is fine. If this host uses its own certificate authority, set the CA file in the server settings; otherwise retry."
}

wrong_python() {
  local found
  found=$(first_match "Package '[^']+' requires a different Python: [^ ]+ not in '[^']+'|The requested interpreter resolved to Python .*|Your (Pipfile|project) requires .*Python.*|Current Python version \([^)]*\) is not allowed by the project.*" "$1")
  [ -z "$found" ] || fail 'E8 bad-python-version' "${found%.}. This stack has: ${python_version%.*} ($python_version). Choose versions that accept it."
}

package_not_found() {
  local wanted older
  wanted=$(first_match 'No matching distribution found for .*' "$1" | sed -E 's/^No matching distribution found for //; s/ \(from .*//')
  [ -n "$wanted" ] || wanted=$(first_match 'Because [^ ]+ was not found in the package registry' "$1" | cut -d ' ' -f 2)
  [ -n "$wanted" ] || wanted=$(first_match 'there (is|are) no version[s]? of [^ ]+' "$1" | sed 's/.* //')
  [ -n "$wanted" ] || wanted=$(first_match 'Unable to find installation candidates for .*' "$1" | sed 's/^Unable to find installation candidates for //')
  [ -n "$wanted" ] || return 0
  grep -q 'require a different python version' "$1" && older=" Some of its versions are not for Python ${python_version%.*}."
  fail 'E10 package-not-found' "$wanted, required by ${lockfile:-${package_files[0]#"$build_dir"/}}, is not in the registry. Check the spelling, the version, and whether it is private (then add a token by config var).$older"
}

bad_requirements() {
  local found
  found=$(first_match "Invalid requirement: .*|Could not open requirements file: .*|Hash of .* from line .*|THESE PACKAGES DO NOT MATCH THE HASHES.*" "$1")
  [ -z "$found" ] || fail 'E4 bad-requirements' "requirements.txt: ${found//"$build_dir/"/}"
}

native_module() {
  local package missing
  missing=$(first_match 'fatal error: [^:]+: No such file' "$1" | sed -E 's/fatal error: ([^:]+):.*/header \1/')
  [ -n "$missing" ] || missing=$(first_match 'cannot find -l[^ :]+|pg_config executable not found|mysql_config[^ ]* not found|pkg-config: .*not found|Did not find pkg-config[^ ]*|Rust toolchain|[Cc]argo[, ].*not (installed|found).*' "$1")
  grep -qE "command '[^']*(gcc|g\+\+|cc|x86_64-linux-gnu-gcc|aarch64-linux-gnu-gcc)' failed|fatal error: .*No such file" "$1" || [ -n "$missing" ] || return 0
  package=$(first_match 'Failed (building wheel|to build) (for )?`?[A-Za-z0-9._-]+' "$1" | sed -E 's/.*[ `]//')
  fail 'E14 native-module' "${package:-A package} has a native part that could not be compiled: ${missing:+missing: }${missing:-see the compiler output above}. Try a newer ${package:-version} that ships ready-made binaries, or a package that needs no compiling."
}
