// Globs of ignore files against paths, as git matches them. No regular expressions: users write the globs, and a
// backtracking one would hold up the whole server for as long as its author likes.
import { type ByteClass, bytesWhere, readByteClass } from './byte-class.ts';

/** A byte, one of several bytes, or any number of any bytes. */
type Token = number | ByteClass | typeof star;
const star = '*';
const anyByte = bytesWhere(() => true);

/** Names between slashes; `**` stands for any number of them. */
export type Glob = readonly (readonly Token[] | typeof anyDepth)[];
const anyDepth = '**';

/** @returns null for a glob that can match nothing: git too takes it as it is, and finds nothing */
export function parseGlob(text: string): Glob | null {
  // One character per byte: git knows nothing else, and neither do file names.
  const glob = Buffer.from(text).toString('latin1');
  const names: (Token[] | typeof anyDepth)[] = [];
  let tokens: Token[] = [];
  let begin = 0;
  const endName = (end: number): void => {
    names.push(/^\*{2,}$/.test(glob.slice(begin, end)) ? anyDepth : tokens);
    tokens = [];
    begin = end + 1;
  };
  for (let at = 0; at < glob.length; ) {
    const character = glob[at]!;
    if (character === '[') {
      const found = readByteClass(glob, at);
      if (!found) return null;
      tokens.push(found.members);
      at = found.end;
      continue;
    }
    if (character === '/') endName(at);
    else if (character === '?') tokens.push(anyByte);
    else if (character !== '*') {
      if (character === '\\' && ++at === glob.length) return null;
      if (glob[at] === '/') endName(at);
      else tokens.push(glob.charCodeAt(at));
    } else if (tokens.at(-1) !== star) tokens.push(star);
    at++;
  }
  endName(glob.length);
  // At its end it stands for everything inside, and not for the folder itself.
  return names.at(-1) === anyDepth ? [...names, [star]] : names;
}

/** A name as `matches` takes it. */
export function bytesOf(path: string): Buffer[] {
  return path.split('/').map((name) => Buffer.from(name));
}

/** The whole path, from its first name to its last. */
export function matches(glob: Glob, path: readonly Uint8Array[]): boolean {
  return matchWithGaps(glob, path, anyDepth, (tokens, name) => matchesName(tokens as readonly Token[], name));
}

function matchesName(tokens: readonly Token[], name: Uint8Array): boolean {
  return matchWithGaps(tokens, name, star, (token, byte) =>
    typeof token === 'number' ? token === byte : (token as ByteClass)[byte] === 1,
  );
}

/**
 * Where a gap may hold anything, the first place at which what follows it fits is as good as any later one. So only the
 * last gap is ever gone back to, and the time is at most the product of both lengths.
 */
function matchWithGaps<Part, Item>(
  parts: readonly Part[],
  items: ArrayLike<Item>,
  gap: unknown,
  fits: (part: Part, item: Item) => boolean,
): boolean {
  let part = 0;
  let item = 0;
  let lastGap = -1;
  let afterGap = 0;
  while (item < items.length) {
    if (part < parts.length && parts[part] === gap) {
      lastGap = part++;
      afterGap = item;
    } else if (part < parts.length && fits(parts[part]!, items[item]!)) {
      part++;
      item++;
    } else if (lastGap >= 0) {
      part = lastGap + 1;
      item = ++afterGap;
    } else return false;
  }
  while (part < parts.length && parts[part] === gap) part++;
  return part === parts.length;
}
