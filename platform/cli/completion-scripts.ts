// What each shell is told: on Tab ask `twelve` itself. A line is a value, a tab and what it is; `:files` stands for file names.

const bash = `# bash completion for twelve
_twelve() {
  local line=\${COMP_LINE:0:COMP_POINT} current value cut breaks=\${COMP_WORDBREAKS//[^:=]/}
  local -a words
  # Bash cuts words at = and : as well, unless it is told not to; twelve's names have colons.
  read -ra words <<<"$line"
  if [[ $line == *[[:space:]] ]]; then current=; else current=\${words[-1]}; unset 'words[-1]'; fi
  cut=
  if [[ -n $breaks && $current == *[$breaks]* ]]; then cut=\${current%"\${current##*[$breaks]}"}; fi
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    if [[ $value == :files ]]; then compopt -o default; return; fi
    COMPREPLY+=("\${value#"$cut"}")
    if [[ $value == *= ]]; then compopt -o nospace; fi
  done < <(command twelve completion:words -- "\${words[@]:1}" "$current" 2>/dev/null)
}
complete -F _twelve twelve
`;

const zsh = `#compdef twelve
_twelve() {
  local line value about
  local -a plain open
  while IFS= read -r line; do
    if [[ $line == :files ]]; then _files; return; fi
    value=\${line%%$'\\t'*}
    about=
    if [[ $line == *$'\\t'* ]]; then about=\${line#*$'\\t'}; fi
    if [[ $value == *= ]]; then open+=("$value"); else plain+=("\${value//:/\\\\:}\${about:+:$about}"); fi
  done < <(command twelve completion:words -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)
  (( $#plain )) && _describe twelve plain
  (( $#open )) && compadd -S '' -- "\${open[@]}"
}
if [[ $funcstack[1] == _twelve ]]; then _twelve "$@"; else compdef _twelve twelve; fi
`;

const fish = `# fish completion for twelve
function __twelve_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l current (commandline -ct)
  set -l found (command twelve completion:words -- $words "$current" 2>/dev/null)
  if test "$found" = ':files'
    __fish_complete_path "$current"
  else
    printf '%s\\n' $found
  end
end
complete -c twelve -f -a '(__twelve_complete)'
`;

export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
