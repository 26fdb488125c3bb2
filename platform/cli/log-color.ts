// The colour of a log line: one per process, so that they can be told apart at a glance.
const head = /^(\S+) (\w+)\[([\w-]+)(?:\.(\d+))?\]:/;

/** Cyan, yellow, green, magenta, blue, and their bright sisters. Red is kept for errors. */
const palette = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
const fixed: Readonly<Record<string, number>> = { router: 90, api: 90 };

/** Time, source and process are coloured; what was said is left as it is. */
export function colorLine(line: string): string {
  const match = head.exec(line);
  if (!match) return line;
  const [found, , , type = '', number = '0'] = match;
  const color = fixed[type] ?? palette[(sum(type) + Number(number)) % palette.length]!;
  return `\x1b[${color}m${found}\x1b[39m${line.slice(found.length)}`;
}

function sum(word: string): number {
  return [...word].reduce((total, letter) => total + letter.charCodeAt(0), 0);
}
