# static.json -> lines `error <tab> sentence` and `warn <tab> sentence` about what is in it.
def known: ["root", "clean_urls", "routes", "redirects", "error_page", "https_only", "canonical_host", "headers", "proxies", "basic_auth", "encoding", "logging"];

# How many letters have to change to make one word the other.
def distance($word):
  explode as $a | ($word | explode) as $b
  | reduce range(0; $a | length) as $i ([range(0; ($b | length) + 1)];
      . as $before
      | reduce range(0; $b | length) as $j ([$i + 1];
          . + [[.[$j] + 1, $before[$j + 1] + 1, $before[$j] + (if $a[$i] == $b[$j] then 0 else 1 end)] | min]))
  | last;
def nearest: . as $key | known | min_by(distance($key));

def bad($text): "error\t" + $text;
def example:
  {root: "\"dist\"", clean_urls: "true", https_only: "true", basic_auth: "true", error_page: "\"404.html\"",
   canonical_host: "\"www.example.com\"", encoding: "\"utf-8\""}[.];

def is_object($key): .[$key] | type == "object";
def objects: ["routes", "redirects", "headers", "proxies", "logging"];
def pattern($key): if startswith("/") | not then bad("\($key): \"\(.)\" has to begin with \"/\".") else empty end;
def control: test("[\\x00-\\x08\\x0a-\\x1f\\x7f]");

def unknown_keys: keys[] | select(. as $key | known | index($key) | not)
  | "warn\tthere is no setting \"\(.)\"; the nearest is \"\(nearest)\". It has no effect.";
def types:
  (["root", "error_page", "canonical_host", "encoding"][] as $key | select(has($key) and (.[$key] | type != "string"))
    | bad("\($key) has to be text, for example \($key | example).")),
  (["clean_urls", "https_only", "basic_auth"][] as $key | select(has($key) and (.[$key] | type != "boolean"))
    | bad("\($key) has to be true or false.")),
  (objects[] as $key | select(has($key) and (is_object($key) | not)) | bad("\($key) has to be an object: {…}."));
def texts: ["root", "error_page", "canonical_host", "encoding"][] as $key | .[$key] | strings | select(control)
  | bad("\($key) has a control character in it.");
def routes: select(is_object("routes")) | .routes | to_entries[]
  | (.key | pattern("routes")), (select(.value | type != "string" or control or test("(^|/)\\.\\.(/|$)")) | bad("routes: \"\(.key)\" has to name a file below root."));
def redirects: select(is_object("redirects")) | .redirects | to_entries[]
  | (.key | pattern("redirects")),
    (select(.value | type != "object" or (.url | type != "string" or control or . == "")) | bad("redirects: \"\(.key)\" has to be an object with a url.")),
    (select(.value | type == "object" and ((.status // 301) | IN(301, 302, 303, 307, 308) | not))
      | bad("redirects: the status of \"\(.key)\" is \(.value.status | tojson); it can be 301, 302, 303, 307 or 308."));
def headers: select(is_object("headers")) | .headers | to_entries[]
  | (.key | pattern("headers")),
    (if .value | type != "object" then bad("headers: \"\(.key)\" has to be an object of names and values.")
     else .value | to_entries[]
     | select((.key | test("^[A-Za-z0-9-]+$") | not) or (.value | type != "string" or control))
     | bad("headers: \"\(.key)\" is not a header name with a text of one line.") end);
def proxies: select(is_object("proxies")) | .proxies | to_entries[]
  | (.key | pattern("proxies")),
    (select(.value | type != "object" or (.origin | type != "string" or control or (test("^(https?://|\\$\\{)") | not)))
      | bad("proxies: the origin of \"\(.key)\" has to be a whole address, for example \"https://api.example.com\"."));
def logging: select(is_object("logging")) | .logging
  | (select(has("access") and (.access | type != "boolean")) | bad("logging: access has to be true or false.")),
    (select(has("error") and (.error | IN("debug", "info", "notice", "warn", "error", "crit") | not))
      | bad("logging: error has to be one of debug, info, notice, warn, error, crit."));
def encoding: select(.encoding | strings | test("^[A-Za-z0-9_-]+$") | not) | bad("encoding has to be the name of a character set, for example \"utf-8\".");

unknown_keys, types, texts, routes, redirects, headers, proxies, logging, encoding
