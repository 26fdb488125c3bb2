# node_modules/.package-lock.json -> what pruning of devDependencies removes.
# $want: "paths" one per line, "bins" lines of `<program>\t<package>`, "lock" the document without them.
def removed: .value.dev == true and (.key | test("(^|/)node_modules/"));
def name: .key | sub("^.*node_modules/"; "");

if $want == "paths" then .packages | to_entries[] | select(removed) | .key
elif $want == "bins" then
  .packages | to_entries[] | select(removed) | name as $package
  | .value.bin | if type == "object" then keys[] else empty end | . + "\t" + $package
else .packages |= with_entries(select(removed | not))
end
