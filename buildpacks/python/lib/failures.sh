# What a failed program printed -> the cause, in words (failure catalogue of the buildpack reference).

# explain_failure <exit status> <command> <its output>
explain_failure() {
  local status=$1 command=$2 output=$3
  stale_lockfile "$output"
  wrong_hash "$output"
  over_ssh "$output"
  registry_problem "$output"
  wrong_python "$output"
  login_refused "$output"
  package_not_found "$output"
  bad_requirements "$output"
  native_module "$output"
  fail 'E13 install-failed' "\"$command\" failed with exit code $status. Its output is above. It fails the same way on your machine in a new virtual environment of Python ${python_version%.*}."
}

first_match() { grep -oE -- "$1" "$2" | head -n 1; }

# Some break their lines at the width of a terminal.
one_line() { tr -s '[:space:]' ' ' <"$1"; }

# The file that an installer read, as its user calls it.
deciding_file() { echo "${lockfile:-${package_files[0]#"$build_dir"/}}"; }

stale_lockfile() {
  local source=pyproject.toml difference='they name different packages'
  one_line "$1" | grep -qE 'lockfile( at [^ ]+)? needs to be updated|changed significantly since poetry.lock|Pipfile.lock \([^)]*\) is out of date|Aborting deploy' || return 0
  [ "$manager" != pipenv ] || source=Pipfile
  fail 'E7 lockfile-stale' "$lockfile does not match $source ($difference). Run $manager lock locally and commit $lockfile."
}

# A file of the registry that is another one than the app's author had, or a list of hashes that is not whole.
wrong_hash() {
  local package found
  if grep -q 'Hashes are required in --require-hashes mode' "$1"; then
    package=$(grep -oE '^ +[A-Za-z0-9._-]+(==| from )[^ ]+ --hash=' "$1" | head -n 1 | sed 's/ --hash=//; s/^ *//')
    fail 'E7 lockfile-stale' "$(deciding_file) has hashes for some packages, and none for ${package:-others}: with hashes every package needs one. $(renew_hashes)"
  fi
  package=$(grep -A 4 'DO NOT MATCH THE HASHES' "$1" | grep -oE '^ +[A-Za-z0-9._-]+==[^ ]+ from ' | head -n 1 | sed 's/ from $//; s/^ *//')
  [ -n "$package" ] || package=$(first_match 'Hash mismatch for `[^`]+`' "$1" | cut -d '`' -f 2)
  [ -n "$package" ] || package=$(first_match 'distributions for .* did not match any known checksums' "$1" | sed -E 's/^distributions for //; s/ did not.*//; s/ \((.*)\)/==\1/')
  [ -n "$package" ] || ! grep -q 'DO NOT MATCH THE HASHES' "$1" || package='A package'
  [ -n "$package" ] || return 0
  found=$(grep -oE '^ +Got +[0-9a-f]{64}' "$1" | head -n 1 | sed 's/.* //')
  [ -n "$found" ] || found=$(grep -A 1 'Computed:' "$1" | grep -oE '[0-9a-f]{64}' | head -n 1)
  fail 'E7 lockfile-stale' "$package from the registry is not the file whose hash $(deciding_file) has${found:+ (it is sha256:$found)}. If its version was changed by hand, the hash is out of date. $(renew_hashes) If not, find out who changed the file before you install it anywhere."
}

renew_hashes() {
  case $manager in
    uv) echo 'Run rm uv.lock && uv lock, commit uv.lock.' ;;
    poetry) echo 'Run poetry lock --no-cache --regenerate, commit poetry.lock.' ;;
    pipenv) echo 'Run pipenv lock --clear, commit Pipfile.lock.' ;;
    *) echo 'Make requirements.txt anew (pip-compile --generate-hashes), commit it.' ;;
  esac
}

over_ssh() {
  local address
  grep -qE 'ssh: connect to host|ssh: Could not resolve hostname|Permission denied \(publickey|Host key verification failed|ssh: not found|cannot run ssh' "$1" || return 0
  address=$(first_match "ssh://[^' ]+|[A-Za-z0-9._*-]+@[A-Za-z0-9.-]+:[^' ]+\.git" "$1" | sed -E 's#^(ssh://)?[^/@]*@#\1#')
  fail 'E15 install-scripts-blocked' "A git dependency is fetched over SSH${address:+ ($address)}. Builds have no SSH key: use an https URL with a token, such as git+https://<user>:\${TOKEN}@<host>/<path> with the config var TOKEN, or a registry version."
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

bad_requirements() {
  local found
  found=$(first_match 'Invalid requirement: .*|Could not open requirements file: .*|Hash of .* from line .*' "$1")
  [ -z "$found" ] || fail 'E4 bad-requirements' "requirements.txt: ${found//"$build_dir/"/}"
}
