# package.json of a package manager -> its programs, lines of `<name>\t<file>`. Packages that are one executable name none.
if .name | startswith("@oven/") then ["bun", "bin/bun"], ["bunx", "bin/bun"]
elif .name | startswith("@pnpm/exe") then ["pnpm", "pnpm"]
else .bin | to_entries[] | [.key, (.value | ltrimstr("./"))]
end | @tsv
