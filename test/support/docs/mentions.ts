// Commands that a text of shell names, wherever in it they stand: in pipes, lists, substitutions, after `timeout` or `sh -c`.

/** Words before a command that are no part of it. */
const before = new Set(['if', 'then', 'else', 'elif', 'do', 'while', 'until', '!', '{', 'exec', 'time']);

/** `<name>`, as usage lines have it. */
const placeholder = /^<[^<>\s]*>/;

/** Each command as the words a shell would hand it; a substitution inside a word is `$`. */
export function commandsIn(text: string): string[][] {
  const found: string[][] = [];
  let words: string[] = [];
  const endCommand = (): void => {
    const command = withoutPrefix(words);
    if (command.length > 0) found.push(command, ...inside(command));
    words = [];
  };
  let rest = text.replace(/\\\n/g, ' ');
  while (rest !== '') {
    const token = next(rest);
    rest = rest.slice(token.length);
    if (token.kind === 'end') endCommand();
    if (token.kind !== 'word') continue;
    words.push(token.word);
    for (const inner of token.substituted) found.push(...commandsIn(inner));
  }
  endCommand();
  return found;
}

/** Assignments and keywords: `TWELVE_HTTP=… twelve server` is about `twelve`. */
function withoutPrefix(words: readonly string[]): string[] {
  const start = words.findIndex((word) => !before.has(word) && !/^[A-Za-z_]\w*=/.test(word));
  return start < 0 ? [] : words.slice(start);
}

/** Commands that are arguments. */
function inside([name, ...args]: readonly string[]): string[][] {
  if (name === 'timeout') return rerun(args, 1);
  if (name!.endsWith('scripts/newer-engine') && args[0] === 'within') return rerun(args, 1);
  if (name === 'xargs' || name === 'env' || name === 'nohup') return rerun(args, 0);
  const script = /^(?:ba)?sh$/.test(name!) ? args[args.indexOf('-c') + 1] : undefined;
  return args.includes('-c') && script !== undefined ? commandsIn(script) : [];
}

function rerun(args: readonly string[], skipped: number): string[][] {
  const own = withoutPrefix(args.slice(args.findIndex((arg) => !arg.startsWith('-')) + skipped));
  return own.length > 0 ? [own, ...inside(own)] : [];
}

type Next = { length: number } & (
  | { kind: 'word'; word: string; substituted: string[] }
  | { kind: 'end' }
  | { kind: 'nothing' }
);

function next(text: string): Next {
  const blank = /^(?:[ \t]+|#[^\n]*)/.exec(text);
  if (blank) return { kind: 'nothing', length: blank[0].length };
  // With the name of a file, or of a stream.
  const redirect = /^\d*(?:>>|[<>])(?:&\d|[ \t]*[^\s;|&()]+)/.exec(text);
  if (redirect && !placeholder.test(text)) return { kind: 'nothing', length: redirect[0].length };
  const end = /^(?:\n|;|\||&|\(|\))+/.exec(text);
  if (end) return { kind: 'end', length: end[0].length };
  return readWord(text);
}

function readWord(text: string): Next {
  let word = '';
  let length = 0;
  let quote = '';
  const substituted: string[] = [];
  while (length < text.length) {
    const rest = text.slice(length);
    const letter = rest[0]!;
    const [name] = (quote === '' && placeholder.exec(rest)) || [];
    if (quote === '' && name === undefined && /[\s;|&()<>]/.test(letter)) break;
    if (quote !== "'" && rest.startsWith('$(')) {
      const inner = balanced(rest.slice(2));
      substituted.push(inner);
      word += '$';
      length += inner.length + 3;
    } else if (name !== undefined) {
      word += name;
      length += name.length;
    } else {
      if (letter === quote) quote = '';
      else if (quote === '' && (letter === "'" || letter === '"')) quote = letter;
      else if (letter === '\\' && quote !== "'" && rest.length > 1) word += rest[1];
      else word += letter;
      length += letter === '\\' && quote !== "'" && rest.length > 1 ? 2 : 1;
    }
  }
  return { kind: 'word', word, substituted, length: Math.max(length, 1) };
}

/** Up to the parenthesis that closes. */
function balanced(text: string): string {
  let depth = 1;
  for (const [index, letter] of [...text].entries()) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (depth === 0) return text.slice(0, index);
  }
  return text;
}
