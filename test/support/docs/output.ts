// Compares what a page shows with what was printed: word for word, but for what differs from run to run.

/** Samples that stand for what they really were, for the length of a story: an id is the same one wherever it is shown. */
export type Bound = Map<string, string>;

/** What may differ, each with the form that both have to have. */
const kinds: readonly { pattern: RegExp; bound?: true }[] = [
  { pattern: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00/ },
  { pattern: /\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \+0000/ },
  { pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/, bound: true },
  // A commit.
  { pattern: /\b[0-9a-f]{8}\b/, bound: true },
  // A one-off process.
  { pattern: /\brun\.\d{1,5}\b/, bound: true },
  // A version.
  { pattern: /(?<![\d.])\d+\.\d+\.\d+(?![\d.])/, bound: true },
  // A size.
  { pattern: /\b\d+(?:\.\d+)? [KMG]?B\b/ },
  // A share.
  { pattern: /\b\d+(?:\.\d+)?%/ },
  // How long.
  { pattern: /\b\d+(?:\.\d+)? ?(?:ms|s|m|h|d)\b/ },
];

/** Part of a line, or a line of its own: something left out. */
const leftOut = '…';
const differing = new RegExp([...kinds.map(({ pattern }) => `(${pattern.source})`), leftOut].join('|'), 'g');

/**
 * @param shown lines of a page, none: nothing is printed
 * @returns null when they agree, else where and how they do not
 */
export function difference(shown: readonly string[], printed: string, bound: Bound): string | null {
  const expected = trimmed(shown);
  const actual = trimmed(printed.split('\n'));
  const segments = split(expected);
  let from = 0;
  for (const [index, segment] of segments.entries()) {
    const first = index === 0;
    const last = index === segments.length - 1;
    // At least one line is left out.
    const start = first ? 0 : from + 1;
    const at = last && !first ? Math.max(start, actual.length - segment.length) : start;
    const found = first || last ? place(segment, actual, at, bound) : search(segment, actual, start, bound);
    if (found < 0) return told(segment, actual, at, !first && !last, bound);
    from = found + segment.length;
    if (last && from !== actual.length) return tooMuch(actual, from);
  }
  return null;
}

/** Whether it stands exactly there: then there, else -1. */
function place(segment: readonly string[], actual: readonly string[], at: number, bound: Bound): number {
  const tried = new Map(bound);
  if (!segment.every((line, index) => agrees(line, actual[at + index], tried))) return -1;
  for (const [sample, real] of tried) bound.set(sample, real);
  return at > actual.length ? -1 : at;
}

function search(segment: readonly string[], actual: readonly string[], from: number, bound: Bound): number {
  for (let at = from; at + segment.length <= actual.length; at++)
    if (place(segment, actual, at, bound) >= 0) return at;
  return -1;
}

/** Binds what the line shows for the first time. */
function agrees(shown: string, printed: string | undefined, bound: Bound): boolean {
  if (printed === undefined) return false;
  const samples: string[] = [];
  let pattern = '';
  let end = 0;
  for (const match of shown.matchAll(differing)) {
    const [text] = match;
    const kind = kinds[match.slice(1).findIndex((group) => group !== undefined)];
    pattern += escaped(shown.slice(end, match.index));
    if (!kind) pattern += '.+';
    else if (!kind.bound) pattern += kind.pattern.source;
    else if (bound.has(text)) pattern += escaped(bound.get(text)!);
    else if (samples.includes(text)) pattern += `\\${samples.indexOf(text) + 1}`;
    else {
      pattern += `(${kind.pattern.source})`;
      samples.push(text);
    }
    end = match.index + text.length;
  }
  const found = new RegExp(`^${pattern}${escaped(shown.slice(end))}$`).exec(printed);
  if (!found) return false;
  const taken = new Set(bound.values());
  for (const [index, sample] of samples.entries()) {
    const real = found[index + 1]!;
    // Two ids on the page are two ids.
    if (taken.has(real)) return false;
    taken.add(real);
    bound.set(sample, real);
  }
  return true;
}

function told(
  segment: readonly string[],
  actual: readonly string[],
  at: number,
  anywhere: boolean,
  bound: Bound,
): string {
  if (anywhere) return `Nowhere in it stands: ${segment.join('\n')}`;
  const tried = new Map(bound);
  const index = segment.findIndex((line, offset) => !agrees(line, actual[at + offset], tried));
  if (index < 0) return 'Where something is left out on the page, nothing more was printed.';
  return `Shown:   ${segment[index]}\nPrinted: ${actual[at + index] ?? '(nothing more)'}${boundIn(segment[index]!, bound)}`;
}

function tooMuch(actual: readonly string[], from: number): string {
  return `Printed, and not shown: ${actual[from]}`;
}

/** The samples of a line that mean something by now. */
function boundIn(shown: string, bound: Bound): string {
  const known = [...shown.matchAll(differing)].filter(([text]) => bound.has(text));
  return known.map(([text]) => `\n(${text} was ${bound.get(text)} before)`).join('');
}

function split(lines: readonly string[]): string[][] {
  const segments: string[][] = [[]];
  for (const line of lines) {
    if (line.trim() === leftOut) segments.push([]);
    else segments.at(-1)!.push(line);
  }
  return segments;
}

/** Without blanks at the ends of lines, and without blank lines at both ends. */
function trimmed(lines: readonly string[]): string[] {
  const text = lines.map((line) => line.trimEnd()).join('\n');
  const whole = text.replace(/^\n+|\n+$/g, '');
  return whole === '' ? [] : whole.split('\n');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
