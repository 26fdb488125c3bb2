# The packages of a workspace, for managers that do not run their install scripts by themselves on a restored tree.

run_workspace_lifecycle() {
  local folder name
  while IFS=$'\t' read -r folder name; do
    step "Running the \"$name\" script of $folder"
    # The list is not for the script to read.
    program_of_manager run_in "$folder" "$name" </dev/null
  done < <(workspace_scripts)
}

run_in() { cd "$1" && as_app "${run_command[@]}" "$2"; }

# Lines of `<folder>\t<script>`: each package's install scripts in the order in which an install runs them.
workspace_scripts() (
  cd "$build_dir" || exit
  shopt -s globstar nullglob
  workspace_patterns | while IFS= read -r pattern; do
    for file in ${pattern%/}/package.json; do [[ /$file == */node_modules/* ]] || printf '%s\0' "$file"; done
  done | xargs -0 -r jq -r '.scripts // {} | . as $scripts | ["preinstall", "install", "postinstall", "prepare"][]
    | select($scripts[.] | type == "string") | [(input_filename | rtrimstr("/package.json")), .] | @tsv'
)

workspace_patterns() {
  if [ "$manager" = pnpm ]; then
    sed -n '/^packages:/,/^[^ -]/p' pnpm-workspace.yaml | sed -nE "s/^ *- *['\"]?([^!'\" #][^'\"#]*)['\"]?.*/\1/p"
  else
    jq -r '.workspaces | if type == "object" then .packages else . end | arrays | .[] | select(startswith("!") | not) | ltrimstr("./")' package.json
  fi
}
