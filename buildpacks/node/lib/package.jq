# package.json -> shell assignments (quoted) of everything compile has to know about it.
def text: if type == "string" then . else "" end;
def names: if type == "object" then keys else [] end;
def assign($name; $value): $name + "=" + ($value | @sh);

if type != "object" then error("it is not an object") else . end
| (.scripts | if type == "object" then . else {} end) as $scripts
| (.engines | if type == "object" then . else {} end) as $engines
| ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"] as $lifecycle
| assign("engine_node"; $engines.node | if type == "number" then tostring else text end),
  assign("engine_npm"; $engines.npm | text),
  assign("engine_yarn"; $engines.yarn | text),
  assign("engine_pnpm"; $engines.pnpm | text),
  assign("engine_bun"; $engines.bun | text),
  assign("engine_managers"; ["npm", "yarn", "pnpm", "bun"]
    # "npm": "please-use-yarn" is no wish for npm.
    | map(select($engines[.] != null and (. != "npm" or ($engines.npm | text | test("[0-9*]"))))) | join(" ")),
  assign("package_manager"; .packageManager | text),
  assign("main_file"; .main | text),
  assign("has_dependencies"; ([.dependencies, .devDependencies, .optionalDependencies] | map(names) | add | length > 0) | tostring),
  assign("has_dev_dependencies"; (.devDependencies | names | length > 0) | tostring),
  assign("has_workspaces"; (.workspaces != null) | tostring),
  # Folders of the app's own that packages are made of: their content decides about node_modules too.
  "local_packages=(" + ([.dependencies, .devDependencies, .optionalDependencies] | map(objects | .[] | strings
    | capture("^(?<kind>file|link|portal):(?<path>.+)$").path | select(startswith("/") | not) | @sh) | unique | join(" ")) + ")",
  assign("lifecycle_scripts"; $lifecycle | map(select($scripts[.] | type == "string")) | join(" ")),
  "cache_directories=(" + ((.cacheDirectories // .cache_directories) | if type == "array" then map(text | @sh) | join(" ") else "" end) + ")",
  (["start", "start:prod", "build", "heroku-prebuild", "heroku-postbuild", "heroku-cleanup"][] as $name
   | assign("script_" + ($name | gsub("[-:]"; "_")); $scripts[$name] | text))
