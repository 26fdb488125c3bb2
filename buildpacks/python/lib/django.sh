# Django: its static files are collected at build time.

# Sets manage (manage.py, the one nearest to the root), '' where this is no Django app.
find_manage() {
  manage=''
  [ -d "$site/django" ] || return 1
  manage=$(find "$build_dir" -maxdepth 3 \( -name node_modules -o -name .heroku \) -prune -o -name manage.py -type f -printf '%d %P\n' |
    sort -n | sed -n '1s/^[0-9]* //p')
  [ -n "$manage" ]
}

collect_static() {
  local status path
  find_manage || return 0
  case $DISABLE_COLLECTSTATIC in
    '' | 0 | false) ;;
    *)
      say 'Static files are not collected: DISABLE_COLLECTSTATIC is set.'
      return
      ;;
  esac
  step 'Collecting static files'
  path=$(value_of PYTHONPATH)
  (cd "$build_dir/$(dirname "$manage")" && PYTHONPATH=${path:-$build_dir} as_app python "${manage##*/}" collectstatic --noinput) 2>&1 |
    indented /tmp/collectstatic-output
  status=${PIPESTATUS[0]}
  [ "$status" -ne 0 ] || return 0
  if grep -q "Unknown command: 'collectstatic'" /tmp/collectstatic-output; then
    say 'django.contrib.staticfiles is not installed in this app: there is nothing to collect.'
    return
  fi
  fail 'E13 collectstatic-failed' "python $manage collectstatic --noinput failed: $(settings_error). Settings that come from the environment have to be config vars before the push. An app without static files sets the config var DISABLE_COLLECTSTATIC=1."
}

# The last line of a traceback names the error.
settings_error() {
  grep -E '^[A-Za-z_.]*(Error|Exception|ImproperlyConfigured|NotFound|Exit)\b' /tmp/collectstatic-output | tail -n 1 | cut -c 1-300 | sed 's/\.$//' | grep . ||
    grep . /tmp/collectstatic-output | tail -n 1 | cut -c 1-300
}
