// Bracket expressions of globs, as git reads them: `[a-z]`, `[!0-9]`, `[[:alpha:]_]`; bytes, not characters.

/** 1 at every byte that belongs to it. */
export type ByteClass = Uint8Array;

const slash = 0x2f;

export function bytesWhere(holds: (byte: number) => boolean): ByteClass {
  return Uint8Array.from({ length: 256 }, (_, byte) => (byte !== slash && holds(byte) ? 1 : 0));
}

const digit = bytesWhere((byte) => byte >= 0x30 && byte <= 0x39);
const lower = bytesWhere((byte) => byte >= 0x61 && byte <= 0x7a);
const upper = bytesWhere((byte) => byte >= 0x41 && byte <= 0x5a);
const alpha = bytesWhere((byte) => lower[byte] === 1 || upper[byte] === 1);
const alnum = bytesWhere((byte) => alpha[byte] === 1 || digit[byte] === 1);
const graph = bytesWhere((byte) => byte > 0x20 && byte < 0x7f);
const named: Readonly<Record<string, ByteClass>> = {
  digit,
  lower,
  upper,
  alpha,
  alnum,
  graph,
  blank: bytesWhere((byte) => byte === 0x20 || byte === 0x09),
  cntrl: bytesWhere((byte) => byte < 0x20 || byte === 0x7f),
  print: bytesWhere((byte) => byte >= 0x20 && byte < 0x7f),
  punct: bytesWhere((byte) => graph[byte] === 1 && alnum[byte] === 0),
  space: bytesWhere((byte) => [0x20, 0x09, 0x0a, 0x0d].includes(byte)),
  xdigit: bytesWhere((byte) => /[0-9A-Fa-f]/.test(String.fromCharCode(byte))),
};

/**
 * @param glob one character per byte
 * @param at of the `[`
 * @returns the class and where it ends; null for one that does not end or names a class that there is not
 */
export function readByteClass(glob: string, at: number): { members: ByteClass; end: number } | null {
  let next = at + 1;
  const negated = glob[next] === '!' || glob[next] === '^';
  if (negated) next++;
  const members = new Uint8Array(256);
  /** Of the member before, from which a range may go; after a range or a named class there is none. */
  let from: number | null = null;
  // A `]` that comes first is a member.
  for (let first = true; first || glob[next] !== ']'; first = false) {
    const name = glob[next] === '[' && glob[next + 1] === ':' ? nameAt(glob, next) : null;
    if (name !== null) {
      const known = Object.hasOwn(named, name) ? named[name] : undefined;
      if (!known) return null;
      for (const [byte, is] of known.entries()) if (is === 1) members[byte] = 1;
      next += name.length + 4;
      from = null;
      continue;
    }
    const isRange: boolean =
      glob[next] === '-' && from !== null && ![undefined, ']'].includes(glob[next + 1]);
    if (isRange) next++;
    if (glob[next] === '\\') next++;
    if (next >= glob.length) return null;
    const byte = glob.charCodeAt(next++);
    members.fill(1, isRange ? from! : byte, byte + 1);
    from = isRange ? null : byte;
  }
  return { members: bytesWhere((byte) => (members[byte] === 1) !== negated), end: next + 1 };
}

/** The x of a `[:x:]`; null where it is none, but a `[` among others. */
function nameAt(glob: string, at: number): string | null {
  const end = glob.indexOf(']', at + 2);
  return end > at + 2 && glob[end - 1] === ':' ? glob.slice(at + 2, end - 1) : null;
}
