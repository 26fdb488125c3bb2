# A build that only made pages: the static buildpack, which lies beside as static/, serves them.

# Where bundlers put what they make.
site_folders='dist build out'

# Programs that hand out such pages themselves: an app that has one of them has a server that nobody started.
server_packages=(
  express fastify koa hapi @hapi/hapi hono @hono/node-server polka restify connect micro sails h3 nitropack
  next nuxt @nestjs/core @adonisjs/core @feathersjs/feathers @feathersjs/express @astrojs/node @sveltejs/adapter-node
  @remix-run/serve @remix-run/express @react-router/serve @react-router/express @angular/ssr apollo-server @apollo/server
  socket.io ws
)

# Does nothing where another buildpack follows, which may have its own idea of what runs.
serve_site() {
  local why folders=$site_folders
  [ ! -f "$build_dir/Procfile" ] && find_site && ! is_followed && ! has_server || return 0
  step 'Nothing says how to start the app: serving it as a static site'
  say "Because of $why. A \"start\" script or a Procfile would be run instead."
  # Its defaults hold where the app has settings for it.
  [ ! -f "$build_dir/static.json" ] || folders+=' public_html public .'
  (cd "$pack_dir/static" && STATIC_FOLDERS=$folders bin/compile "$build_dir" "$cache_dir" "$config_dir") || exit 1
  (cd "$pack_dir/static" && bin/release "$build_dir") >"$pack_dir/release.yml"
}

# Sets why. What static.json says comes before any guess.
find_site() {
  local folder
  [ ! -f "$build_dir/static.json" ] || { why='static.json'; return 0; }
  for folder in $site_folders; do
    [ ! -f "$build_dir/$folder/index.html" ] || { why="$folder/index.html"; return 0; }
  done
  return 1
}

has_server() {
  local package
  [ ! -f "$build_dir/static.json" ] || return 1
  package=$(jq -r '.dependencies // {} | objects | keys[] | select(IN($ARGS.positional[]))' --args "${server_packages[@]}" <"$build_dir/package.json" | head -n 1)
  [ -n "$package" ] && say "There are built pages, and a server too ($package): it is for the app to say what starts."
}
