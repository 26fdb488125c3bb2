# Output of node, TypeScript, webpack, Vite, Rollup, esbuild -> lines of `<import>\t<file or folder that has it>`.
# -v root=<build folder>
function absolute(path) { return path ~ /^\// ? path : root "/" path }
function emit(wanted, from) { if (wanted ~ /^[.\/]/) print wanted "\t" absolute(from) }
function quoted(text, after) {
  sub(after, "", text)
  match(text, /["'`][^"'`]+["'`]/)
  return substr(text, RSTART + 1, RLENGTH - 2)
}
{ gsub(/\033\[[0-9;]*m/, "") }

# Node's CommonJS says below who asked; without anybody it was the command line.
waiting != "" && /^ *- \// { sub(/^ *- /, ""); emit(waiting, $0); waiting = ""; next }
waiting != "" && /requireStack: \[\]|^Node\.js v/ { emit(waiting, root); waiting = "" }
# esbuild: `    src/app.js:1:7:`
asked != "" && match($0, /^ +[^ :]+:[0-9]+:[0-9]+:/) { sub(/^ +/, ""); sub(/:.*/, ""); emit(asked, $0); asked = ""; next }

/Cannot find module/ {
  wanted = quoted($0, ".*Cannot find module ")
  if (match($0, / imported from /)) { from = substr($0, RSTART + RLENGTH); sub(/[ :].*/, "", from); emit(wanted, from) }
  else if (match($0, /^[^ (:]+[(:][0-9]+/)) { from = $0; sub(/[(:][0-9].*/, "", from); emit(wanted, from) }
  else waiting = wanted
  next
}
/Can't resolve '/ {
  wanted = quoted($0, ".*Can't resolve "); from = $0
  sub(/.* in ["'`]/, "", from); sub(/["'`].*/, "", from); emit(wanted, from); next
}
/[Cc]ould not resolve ["']/ {
  wanted = quoted($0, ".*[Cc]ould not resolve ")
  if ($0 ~ / from ["']/) emit(wanted, quoted($0, ".* from ")); else asked = wanted
  next
}
# esbuild looks for names regardless of case, and then cannot open them.
/Cannot read file: \// { asked = $0; sub(/.*Cannot read file: /, "", asked); next }
/ENOENT: no such file or directory/ { emit(quoted($0, ".*no such file or directory"), root) }
END { if (waiting != "") emit(waiting, root) }
