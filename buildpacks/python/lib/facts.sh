# What the app's files say, in variables. One run of the stack's Python for all of it.

# Sets python_version, python_wanted, python_source, python_problem, package_files, local_packages, unpinned, own_package,
# declared, poetry_declared (see facts.py).
read_facts() {
  local facts
  facts=$(/usr/bin/python3 -I -B "$pack_dir/lib/facts.py" "$build_dir" 2>/tmp/facts-problem) ||
    fail 'E4 bad-file' "$(tail -n 1 /tmp/facts-problem)"
  eval "$facts"
}
