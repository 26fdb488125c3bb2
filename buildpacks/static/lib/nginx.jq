# What compile found ({settings, root, sum}) and the environment -> nginx configuration.
# Wants: $app, $work, $port, $workers, $missing (what stands for unset names; empty: refuse), $hosts and $resolv (the files' texts).

# nginx knows no way to write a dollar sign into a text that may have variables: one is made that holds it.
def escaped: split("\\") | join("\\\\") | split("\"") | join("\\\"");
def text: "\"" + (escaped | split("$") | join("${static_dollar}")) + "\"";
def regex: "\"" + escaped + "\"";

def plain: gsub("(?<c>[.+?()|{}\\[\\]^$\\\\*])"; "\\" + .c);
# `*` is a segment or part of one, `**` anything.
def glob: split("**") | map(split("*") | map(plain) | join("[^/]*")) | join(".*");
def whole: "^" + glob + "$";
def trimmed: sub("/+$"; "");

def from_environment($where):
  gsub("\\$\\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\\}";
    .name as $name | $ENV[$name] // (if $missing != "" then $missing else error("\($where) in static.json needs the config var \($name), which is not set.") end))
  | if test("[\\x00-\\x1f\\x7f]") then error("\($where) in static.json has a control character in it.") else . end;

def entries($key): .settings[$key] // {} | to_entries;

# Last rule first: the first match of a map counts.
def header_names: [entries("headers")[].value | keys[]] | unique_by(ascii_downcase);
def header_map($rules; $n; $name):
  "map $static_path $static_header_\($n) {",
  "  default \"\";",
  ($rules[] | "  \("~" + (.key | whole) | regex) \((.value | with_entries(.key |= ascii_downcase))[$name | ascii_downcase] // "" | text);"),
  "}";
def cache_control: header_names | map(ascii_downcase) | index("cache-control");
def maps:
  (entries("headers") | reverse) as $rules
  | (header_names | to_entries[] | header_map($rules; .key; .value)),
    # What a bundler named by its content never changes under that name.
    "map $static_path $static_named_by_content {",
    "  default \"\";",
    "  \("~^/(assets|static)/(.*/)?[^/]*[.-](?=[^.]*[0-9])(?=[^.]*[A-Za-z])([A-Za-z0-9_-]{8}|[0-9a-f]{16,64})(\\.[a-z0-9]+)+$" | regex) \"public, max-age=31536000, immutable\";",
    "}",
    "map \"$static_header_\(cache_control // "none")\" $static_cache {",
    "  default \"\";",
    "  \"\" $static_named_by_content;",
    "}",
    "map $http_x_forwarded_proto $static_scheme { default http; https https; }",
    "map $http_upgrade $static_connection { default upgrade; \"\" \"\"; }",
    "map \"$request_method $http_if_none_match\" $static_fresh { default 0; \("~^(GET|HEAD) .*" + .sum | regex) 1; }",
    "geo $static_dollar { default \"$\"; }",
    "geo $static_header_none { default \"\"; }";

# A location that sets headers inherits none.
def own_headers: header_names | to_entries[] | "    add_header \(.value) $static_header_\(.key) always;";
def same_as_before:
  "    if ($static_fresh) { return 304; }",
  "    add_header ETag \("W/\"" + .sum + "\"" | text);",
  "    add_header Last-Modified \"\";",
  own_headers;

def origin($where):
  from_environment($where)
  # A build does not know what a whole address in a config var will be.
  | (if $missing != "" and startswith($missing) then "https://" + . else . end)
  | (capture("^(?<scheme>https?)://(?<host>\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?<port>:[0-9]{1,5})?(?<path>/[^?#\\s]*)?$")
     // error("\($where) in static.json is \"\(.)\", which is no address such as https://api.example.com."));
# nginx asks name servers only; what the machine's own file says counts first.
def address: ascii_downcase as $name
  | [$hosts | split("\n")[] | sub("#.*"; "") | [splits("\\s+")] | map(select(. != "")) | select(.[1:] | map(ascii_downcase) | index($name)) | .[0] | select(test("^[0-9.]+$"))]
  | first // $name;
def resolver: [$resolv | split("\n")[] | capture("^nameserver\\s+(?<a>[0-9A-Fa-f.:]+)").a | if contains(":") then "[\(.)]" else . end]
  | if length > 0 then "resolver \(join(" ")) valid=30s ipv6=off;" else empty end;

def proxy($n; $key; $value):
  ($value.origin | origin("proxies: the origin of \"\($key)\"")) as $to
  | ($to.path // "" | trimmed) as $path
  | "  location ^~ /.twelve-static/proxy/\($n)/ {",
    "    internal;",
    "    set $static_origin \($to.scheme + "://" + ($to.host | address) + ($to.port // "") | text);",
    "    rewrite \("^/\\.twelve-static/proxy/\($n)" + ($key | trimmed | plain) + "/?(.*)$" | regex) \"\($path | text[1:-1])/$1\" break;",
    "    proxy_pass $static_origin;",
    # One such line in a location, and it inherits none: all of them are here.
    "    proxy_set_header Host \($to.host + ($to.port // "") | text);",
    "    proxy_set_header X-Forwarded-Host $http_host;",
    "    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $static_connection;",
    "    proxy_ssl_name \($to.host | text);",
    "    proxy_redirect \($to.scheme + "://" + $to.host + ($to.port // "") + $path + "/" | text) \(($key | trimmed) + "/" | text);",
    own_headers,
    "  }";
def proxies: entries("proxies") | to_entries[];
def fallback:
  "  location @static_fallback {",
  (proxies | "    if ($static_path ~ \("^" + (.value.key | trimmed | plain) + "(/.*)?$" | regex)) { rewrite ^(.*)$ /.twelve-static/proxy/\(.key)$1 last; }"),
  (entries("redirects")[] | .key as $key
    | "    if ($static_path ~ \("^" + ($key | if contains("*") then glob else (trimmed | plain) + "/?" end) + "$" | regex)) { return \(.value.status // 301) \(.value.url | from_environment("redirects: the url of \"\($key)\"") | text); }"),
  (entries("routes")[] | "    if ($static_path ~ \(.key | whole | regex)) { rewrite ^ \("/.twelve-static/route/" + (.value | ltrimstr("/")) | text) last; }"),
  own_headers,
  "    return 404;",
  "  }";

def canonical_host: .settings.canonical_host // ""
  | gsub("\\$\\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\\}"; .name as $name | $ENV[$name] // "")
  | if . == "" then empty
    elif test("^[A-Za-z0-9.-]+(:[0-9]+)?$") | not then error("canonical_host in static.json is \"\(.)\", which is no host name.")
    else "  if (\(if contains(":") then "$http_host" else "$host" end) != \(ascii_downcase | text)) { return 301 $static_scheme://\(ascii_downcase)$request_uri; }" end;
def folder: if .root == "." then $app else $app + "/" + .root end;
# Serving the whole source must not hand out what the platform and its buildpacks keep there.
def hidden: if .root == "." then "  location ~ ^/(static\\.json|app\\.json|Procfile|Aptfile|node_modules/) { return 404; }" else empty end;

def main:
  "daemon off;", "worker_processes \($workers);", "pid \($work)/nginx.pid;", "worker_shutdown_timeout 25s;",
  "error_log stderr \(.settings.logging.error // "warn");",
  "events { worker_connections 1024; }";
def http:
  "include /etc/nginx/mime.types;", "types { text/javascript mjs; application/manifest+json webmanifest; }", "default_type application/octet-stream;",
  "charset \(.settings.encoding // "utf-8");",
  "charset_types text/css text/plain text/xml text/javascript text/markdown text/csv application/javascript application/xml application/rss+xml application/atom+xml;",
  "sendfile on; tcp_nopush on; etag off; if_modified_since off; server_tokens off; keepalive_timeout 75s;",
  "gzip on; gzip_proxied any; gzip_vary on; gzip_min_length 512; gzip_comp_level 5;",
  "gzip_types text/css text/plain text/javascript application/javascript application/json application/manifest+json application/xml application/wasm image/svg+xml;",
  (["client_body", "proxy", "fastcgi", "uwsgi", "scgi"][] | "\(.)_temp_path \($work)/\(.);"),
  "variables_hash_max_size 4096; map_hash_bucket_size 256; uninitialized_variable_warn off; client_max_body_size 0;",
  "log_format static 'method=$request_method path=\"$request_uri\" host=\"$host\" status=$status bytes=$body_bytes_sent duration=$request_time client=\"$http_x_forwarded_for\" request_id=\"$http_x_request_id\"';",
  (if .settings.logging.access == false then "access_log off;" else "access_log /dev/stdout static;" end),
  resolver,
  "proxy_http_version 1.1; proxy_request_buffering off; proxy_ssl_server_name on; proxy_ssl_verify on; proxy_ssl_verify_depth 5;",
  "proxy_ssl_trusted_certificate \($ENV.SSL_CERT_FILE // "/etc/ssl/certs/ca-certificates.crt" | text);";
def server:
  "server {",
  "  listen \($port) default_server;",
  "  root \(folder | text);",
  "  absolute_redirect off;",
  (if .settings.basic_auth then "  auth_basic \"Restricted\"; auth_basic_user_file \($work)/users;" else empty end),
  "  if ($static_path = \"\") { set $static_path $uri; }",
  (if .settings.https_only then "  if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; }" else empty end),
  canonical_host,
  "  if (-f $document_root$uri/index.html) { rewrite ^(.*[^/])$ $1/ permanent; }",
  (.settings.error_page // "" | if . == "" then empty else "  error_page 404 \("/.twelve-static/error/" + ltrimstr("/") | text);" end),
  "  location / {",
  same_as_before,
  "    add_header Cache-Control $static_cache;",
  "    try_files $uri $uri/index.html\(if .settings.clean_urls then " $uri.html" else "" end) @static_fallback;",
  "  }",
  "  location ~ /\\.(?!well-known/) { return 404; }",
  hidden,
  "  location ^~ /.twelve-static/route/ {", "    internal;", "    alias \(folder + "/" | text);", same_as_before, "  }",
  "  location ^~ /.twelve-static/error/ {", "    internal;", "    alias \(folder + "/" | text);", "    add_header Last-Modified \"\";", own_headers, "  }",
  fallback,
  (. as $all | proxies | .key as $n | .value as $entry | $all | proxy($n; $entry.key; $entry.value)),
  "}";

main, "http {", http, maps, server, "}"
