# The way of an app, from an empty repository to a rollback: each step shown, timed and checked.
# Sourced by scripts/demo, after show.sh and demo-server.sh.

app=hello

# The command line of this checkout, whatever `twelve` on the PATH is.
twelve() { node "$root/dist/cli/main.js" "$@"; }

tour() {
  repository=$folder/demo/$app
  log_in
  create_app
  push_app
  fetch "release $pushed"
  first=${page%%,*}
  look_at twelve releases
  look_at twelve logs -n 20
  set_config
  fetch "$greeting from"
  scale_up
  roll_back
  fetch "${first%% from*} from"
}

log_in() {
  heading "Logging in with the first token, which is in the data folder"
  # The server advises to remove it once somebody is logged in.
  [ -s "$folder/admin-token" ] || (umask 077 && TWELVE_DATA=$folder twelve server:token >"$folder/admin-token") ||
    broken "There is no token, and none could be made."
  show twelve login "http://$api" --token-file "$folder/admin-token" || broken "The login was refused."
  tick "log in"
}

create_app() {
  heading "Creating the app $app from a copy of apps/hello-node"
  make_repository
  cd "$repository"
  if twelve apps:info "$app" >/dev/null 2>&1; then
    say "there is an app $app from an earlier run: going on with it"
    # A new repository for an app that was there before has to replace what the platform has of it.
    force=$new
    run twelve git:remote -a "$app" || broken "The git remote could not be set."
  else
    show twelve apps:create "$app" || broken "The app could not be created."
  fi
  tick "create $app"
}

make_repository() {
  if [ ! -d "$repository/.git" ]; then
    new=--force
    rm -rf "$repository"
    mkdir -p "$repository"
    cp -R "$root/apps/hello-node/." "$repository"
    git -C "$repository" init -q
    git -C "$repository" symbolic-ref HEAD refs/heads/main
    git -C "$repository" config user.name 'Twelve demo'
    git -C "$repository" config user.email demo@localhost
    git -C "$repository" config commit.gpgsign false
  fi
  git -C "$repository" add -A
  # A later run pushes something new also when nothing was changed.
  git -C "$repository" commit -q --allow-empty -m "Demo of $(date '+%F %T')" || broken "git could not commit in $repository."
}

push_app() {
  heading "Deploying it with git; the build's output comes back through the push"
  show git push ${force-} platform main || broken "The push was refused; why is above."
  pushed=$(twelve releases -n 1 --json | json '"v" + it[0].version') || broken "The releases could not be read."
  tick "push hello-node: $pushed serves"
}

# fetch TEXT: the app's page through the router, $page, has to contain it.
fetch() {
  local url=http://$app.$domain
  [ "${http##*:}" = 80 ] || url=$url:${http##*:}
  heading "Fetching its page through the router"
  typed curl "$url"
  page=$(node "$root/scripts/lib/net.js" get "$http" "$app.$domain") || broken "The router answered: $page"
  printf '%s\n' "$page"
  # An app that was changed after an earlier run may say what it likes.
  if [[ $page != *"$1"* ]] && cmp -s server.js "$root/apps/hello-node/server.js"; then
    broken "\"$1\" was expected in the page."
  fi
  tick "fetch $url"
}

look_at() {
  heading "Looking at its $2"
  show "$@" || broken "twelve $2 failed."
  tick "show $2"
}

set_config() {
  greeting='Good morning'
  # A second run changes something too.
  if [ "$(twelve config:get GREETING 2>/dev/null)" = "$greeting" ]; then greeting='Good evening'; fi
  heading "Configuring it: a config var is a new release"
  typed "twelve config:set GREETING='$greeting'"
  run twelve config:set GREETING="$greeting" 2>&1 || broken "The config var was not applied; why is above."
  tick "set a config var"
}

scale_up() {
  local number names=''
  heading "Scaling it to three web processes"
  show twelve ps:scale web=3 || broken "It was not scaled; why is above."
  show twelve ps || broken "twelve ps failed."
  for number in 1 2 3 4 5 6 7 8 9; do
    names+=$(node "$root/scripts/lib/net.js" get "$http" "$app.$domain" | grep -o 'web\.[0-9]*')$'\n' || broken "Request $number was not answered."
  done
  names=$(printf '%s' "$names" | sort -u | paste -sd ' ')
  say "nine requests were answered by: $names"
  [ "$names" = 'web.1 web.2 web.3' ] || broken "Visitors should be spread over web.1 web.2 web.3."
  tick "scale to web=3"
}

roll_back() {
  heading "Rolling back to $pushed, the release of the push"
  show twelve rollback "$pushed" || broken "The rollback was not applied; why is above."
  show twelve releases || broken "twelve releases failed."
  tick "roll back to $pushed"
}

# json EXPRESSION: of `it`, the JSON on standard input.
json() {
  node -e 'const it = JSON.parse(require("fs").readFileSync(0, "utf8")); console.log(new Function("it", `return ${process.argv[1]}`)(it))' "$1"
}
