# The app's main packages: which there are, and each as a program in bin/.

# Sets specs: what is installed; flags: with what.
find_packages() {
  local spec why comment tags flag_value
  choose_tags
  flags=(-tags "$tags")
  app_flag trimpath || flags+=(-trimpath)
  [ ! -d "$build_dir/vendor" ] || [ ! -f "$build_dir/go.sum" ] || app_flag mod || flags+=(-mod=vendor)
  [ "$lone_program" != true ] || tidy
  comment=$(heroku_comment install)
  if [ -n "$GO_INSTALL_PACKAGE_SPEC" ]; then
    spec=$GO_INSTALL_PACKAGE_SPEC why='config var GO_INSTALL_PACKAGE_SPEC'
  elif [ -n "$comment" ]; then
    spec=$comment why='"+heroku install" in go.mod'
  else
    spec=./... why='every main package'
  fi
  read -r -a specs <<<"$spec"
  list_mains
  say "Main packages ($why): $(cut -f 1 /tmp/go-mains | paste -sd ' ' | cut -c 1-500)"
}

# Lines `<import path> <tab> <program>` in /tmp/go-mains.
list_mains() {
  local status
  (cd "$build_dir" && go list "${flags[@]}" -f '{{if eq .Name "main"}}{{.ImportPath}}{{"\t"}}{{.Target}}{{end}}' "${specs[@]}") >/tmp/go-mains-all 2>/tmp/go-list-problem
  status=$?
  sed 's/^/       /' /tmp/go-list-problem
  [ $status -eq 0 ] || explain_failure $status "go list ${specs[*]}" /tmp/go-list-problem
  grep . /tmp/go-mains-all >/tmp/go-mains && return 0
  fail 'E11 no-start-command' "There is no main package in ${specs[*]}: nothing of this module is a program. Write \"package main\" and a func main, or say where it is with GO_INSTALL_PACKAGE_SPEC or a line \"// +heroku install ./cmd/...\" in go.mod."
}

tidy() {
  local status
  (cd "$build_dir" && go mod tidy) 2>&1 | indented /tmp/go-output
  status=${PIPESTATUS[0]}
  [ $status -eq 0 ] || explain_failure "$status" 'go mod tidy' /tmp/go-output
}

install_packages() {
  local status mains flag_value
  mapfile -t mains < <(cut -f 1 /tmp/go-mains)
  if [ -n "$GO_LINKER_SYMBOL" ]; then
    app_flag ldflags
    flags+=("-ldflags=${flag_value:+$flag_value }-X '$GO_LINKER_SYMBOL=${GO_LINKER_VALUE:-$SOURCE_VERSION}'")
  fi
  step "Running go install ${flags[*]}"
  (cd "$build_dir" && go install "${flags[@]}" "${mains[@]}") 2>&1 | indented /tmp/go-output
  status=${PIPESTATUS[0]}
  [ $status -eq 0 ] || explain_failure "$status" "go install ${specs[*]}" /tmp/go-output
}
