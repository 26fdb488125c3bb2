# The virtual environment: restored when nothing that decides about it changed, made otherwise, kept for the next build.

install_packages() {
  environment_moved=false
  packages_key
  if packages_cacheable && restore_packages; then
    step 'Dependencies are unchanged'
    say 'The virtual environment comes from the cache, nothing is installed.'
  else
    [ "$manager" = none ] || step "Installing dependencies with $manager"
    make_virtualenv
    with_download_cache install_with_"$manager"
    relocate
    compile_packages
    ! packages_cacheable || save_packages
  fi
  if has_own; then
    step 'Installing the app itself'
    with_download_cache install_own
  fi
}

# Packages out of the app's own tree change with it; uv and Poetry install those apart from the rest.
packages_cacheable() {
  [ "$PYTHON_PACKAGES_CACHE" != false ] || return
  case $manager in
    uv) return 0 ;;
    pip) [ ${#package_files[@]} -gt 0 ] && [ ! -f "$build_dir/setup.py" -o -f "$build_dir/requirements.txt" ] && ! has_local ;;
    *) ! has_local ;;
  esac
}

# Sets packages: the tree in the cache whose name says everything that decides about its content.
packages_key() {
  local digest name settings=()
  for name in "${imported[@]}"; do ! decides_about_packages "$name" || settings+=("$name=$(value_of "$name")"); done
  digest=$({
    printf '%s\n' 2 "$STACK" "$MACHTYPE" "$python_version" "$manager" "$(manager_version)" "${settings[@]}"
    [ ${#package_files[@]} -eq 0 ] || sha256sum -- "${package_files[@]}" | sed "s#$build_dir/##"
    # What was compiled against a library of the apt buildpack needs it.
    [ ! -d "$build_dir/.apt" ] || [ ! -f "$build_dir/Aptfile" ] || cat "$build_dir/Aptfile"
  } | sha256sum)
  packages=$cache_dir/.immutable/python-packages-${digest:0:40}
}

restore_packages() {
  [ -f "$packages/tree/pyvenv.cfg" ] || return 1
  if may_be_changed || [ -O "$packages/tree/pyvenv.cfg" ]; then
    cp -a --reflink=auto "$packages/tree" "$build_dir/.heroku/python" || return 1
  else
    mv "$packages/tree" "$build_dir/.heroku/python" || return 1
    environment_moved=true
  fi
}

# What a hook, the app itself or another buildpack may write into is copied; files that are moved stay as they are.
may_be_changed() {
  local number=${pack_dir##*/}
  [ -f "$build_dir/bin/post_compile" ] || has_own && return
  [[ ! $number =~ ^[0-9]+$ ]] || [ -d "${pack_dir%/*}/$((number + 1))" ]
}

save_packages() {
  rm -rf "$packages"
  mkdir -p "$packages"
  cp -a --reflink=auto "$build_dir/.heroku/python" "$packages/tree" || rm -rf "$packages"
}

# Releases keep no file times: what is compiled is recognised by its source's hash, or each start would compile anew.
compile_packages() {
  "$python_home/bin/python" -m compileall -qq -f -j 0 --invalidation-mode checked-hash -x '/site-packages/pip/' "$site"
  # Python 2 files and templates inside packages do not compile; nobody imports them.
  return 0
}

# Paths of the build folder that installers wrote down -> the paths of the running app.
relocate() {
  local file
  [ "$environment_moved" = false ] || return 0
  grep -rlIF "$build_dir" "$python_home/bin" "$python_home/pyvenv.cfg" 2>/dev/null >/tmp/to-relocate
  grep -lIF "$build_dir" "$site"/*.pth "$site"/*.egg-link "$site"/__editable__* "$site"/*.dist-info/direct_url.json 2>/dev/null >>/tmp/to-relocate
  while IFS= read -r file; do
    sed -i "s#$build_dir#/app#g" "$file"
  done </tmp/to-relocate
  forget_build
}

# What else names this one build (hashes of what was rewritten, uv's note of when it looked) would make each build's layer another one.
forget_build() {
  local file folder
  for file in $(grep -lE '"url": *"file:' "$site"/*.dist-info/direct_url.json 2>/dev/null); do
    folder=${file%/*}
    rm -f "$folder/uv_cache.json"
    sed -i -E -e '/\/uv_cache\.json,/d' -e 's#^(.*(/direct_url\.json|\.pth|/bin/[^/,]+)|__editable__[^,]*),[^,]*,[^,]*$#\1,,#' "$folder/RECORD"
  done
}
