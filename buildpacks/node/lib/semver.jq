# Version ranges as npm reads them: ^, ~, x-ranges, hyphens, comparators, ||. Pre-releases are never chosen.
#
# matches(range; version)   true, false
# valid(range)              is it a range at all
# newest(range; versions; preferred)   newest match, of a preferred major when one matches; null when none does

def number: if . == null or . == "" or . == "x" or . == "X" or . == "*" then null else tonumber end;

# "1.2" -> [1,2,null]; null when it is no version, complete or partial.
def partial:
  capture("^[v=\\s]*(?<a>\\d+|[xX*])(\\.(?<b>\\d+|[xX*]))?(\\.(?<c>\\d+|[xX*]))?(-(?<pre>[0-9A-Za-z.-]+))?(\\+[0-9A-Za-z.-]+)?$")
  // null
  | if . == null then null
    else [(.a | number), (.b | number), (.c | number)]
    | if .[0] == null then [null, null, null] elif .[1] == null then [.[0], null, null] else . end
    end;

def floor: map(. // 0);
def above(position): [range(0; 3) as $i | if $i < position then (.[$i] // 0) elif $i == position then (.[$i] // 0) + 1 else 0 end];
# The first version that "1.2" does not cover; null when it covers everything.
def beyond: if .[0] == null then null elif .[1] == null then above(0) elif .[2] == null then above(1) else above(2) end;

# A comparator becomes the half-open span it allows: {from, to}, `to` null for no end. null: not a comparator.
def span:
  (capture("^(?<op>\\^|~>|~|>=|<=|>|<|=)?\\s*(?<rest>.*)$")) as $part
  | ($part.rest | if . == "" and ($part.op // "") == "" then [null, null, null] else partial end) as $v
  | if $v == null then null
    elif $part.op == "^" then
      {from: ($v | floor),
       to: ($v | if .[0] == null then null
                 elif .[0] > 0 or .[1] == null then above(0)
                 elif .[1] > 0 or .[2] == null then above(1)
                 else above(2) end)}
    elif $part.op == "~" or $part.op == "~>" then
      {from: ($v | floor), to: ($v | if .[0] == null then null elif .[1] == null then above(0) else above(1) end)}
    elif $part.op == ">=" then {from: ($v | floor), to: null}
    elif $part.op == ">" then ($v | beyond) as $from | (if $from == null then {from: [0, 0, 0], to: [0, 0, 0]} else {from: $from, to: null} end)
    elif $part.op == "<" then {from: [0, 0, 0], to: ($v | floor)}
    elif $part.op == "<=" then {from: [0, 0, 0], to: ($v | beyond)}
    else {from: ($v | floor), to: ($v | beyond)}
    end;

# ">= 18 < 21" and "18 - 20" become comparators without spaces inside.
def comparators:
  gsub("^\\s+|\\s+$"; "")
  | (capture("^(?<low>\\S+)\\s+-\\s+(?<high>\\S+)$") // null) as $hyphen
  | if $hyphen != null then [">=" + $hyphen.low, "<=" + $hyphen.high]
    else gsub("(?<op>\\^|~>|~|>=|<=|>|<|=)\\s+"; .op) | gsub(","; " ") | [splits("\\s+")] | if length > 1 then map(select(. != "")) else . end
    end;

# A range becomes alternatives, each a list of spans that all have to hold.
def alternatives: (if test("^\\s*$") then "*" else . end) | [splits("\\|\\|") | if test("^\\s*$") then "*" else . end | [comparators[] | span]];

def valid: (alternatives | all(.[]; all(.[]; . != null)));

def triple: [splits("[.]") | tonumber];
def within($v): $v >= .from and (.to == null or $v < .to);
def holds($alternatives): triple as $v | any($alternatives[]; all(.[]; within($v)));

def matches($range; $version): $version | holds($range | alternatives);

def newest($range; $versions; $preferred):
  ($range | alternatives) as $alternatives
  | [$versions[] | select(test("^\\d+\\.\\d+\\.\\d+$")) | select(holds($alternatives))]
  | sort_by(triple)
  | (map(select((triple | .[0]) as $major | $preferred | index($major))) | last) // last;
