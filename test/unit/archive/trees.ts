// Trees of any shape: generated, written to a folder in any order and by anybody, and read back. Names and targets are latin1: a byte a letter.
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fc from 'fast-check';

export type Tree = ReadonlyMap<string, Entry>;

export type Entry =
  | { kind: 'folder' }
  | { kind: 'file'; content: string; exec: boolean }
  | { kind: 'link'; target: string }
  /** Another name of the file of this path, which comes before it in the alphabet of bytes. */
  | { kind: 'same'; as: string };

/** How a tree comes to be on a disk; nothing of it may show in a layer. */
export interface Making {
  /** Decides in which order names are made. */
  order: number;
  umask: number;
  /** Seconds. */
  time: number;
  uid: number;
  /** Blocks of zeros as holes. */
  holes: boolean;
}

const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 0x2f);
const bytes = (minLength: number, maxLength: number) =>
  fc.array(byte, { minLength, maxLength }).map((codes) => String.fromCharCode(...codes));

const odd = [
  '-rf',
  '--',
  '-',
  '@x',
  '[x]',
  'a*',
  'a?',
  '\\',
  'a\\nb',
  'a\nb',
  ' ',
  '~',
  '.x',
  '...',
  '#',
  '"',
  "'",
  '$x',
  '\x7f',
  '\xff\xfe',
  'caf\xe9',
  '\xc3\xa9',
];

/** A name as file systems have them: 1 to 255 bytes, none of them NUL or a slash. */
export const name = fc
  .oneof(
    { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'ab', 'a.js', 'B') },
    { weight: 2, arbitrary: fc.constantFrom(...odd) },
    { weight: 2, arbitrary: bytes(1, 12) },
    // On both sides of what the headers of tar hold.
    {
      weight: 1,
      arbitrary: fc.constantFrom(98, 99, 100, 101, 154, 155, 156, 255).chain((size) => bytes(size, size)),
    },
  )
  .filter((text) => text !== '.' && text !== '..' && !text.startsWith('.wh.'));

/** On both sides of a block. */
const content = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 511, 512, 513, 1023, 1024, 1025, 10_239, 10_240, 70_000),
    fc.constantFrom('\0', 'x', '\xff'),
  )
  .map(([size, letter]) => letter.repeat(size));

type Shape = [string, Node][];
type Node =
  | { file: string; exec: boolean }
  | { ups: number; down: string[] }
  | { out: string }
  | { inner: Shape };

/** Up at the front only; how far is decided where the link lies. */
const inward = fc.record({ ups: fc.nat(9), down: fc.array(name, { maxLength: 3 }) });
const outward = fc.record({
  out: fc.oneof(
    fc.constantFrom('/', '/etc/passwd', '//x', 'a/../../../../../../../x', 'a/../b', `${'../'.repeat(9)}x`),
    bytes(1, 9).map((text) => `/${text}`),
  ),
});

/** With links that lead anywhere, or (`inside`) only those that our own reader takes. */
export function tree({ inside }: { inside: boolean }): fc.Arbitrary<Tree> {
  const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
    shape: fc.uniqueArray(
      fc.tuple(
        name,
        fc.oneof(
          { maxDepth: 4, depthSize: 'small' },
          { weight: 3, arbitrary: fc.record({ file: content, exec: fc.boolean() }) as fc.Arbitrary<Node> },
          { weight: 1, arbitrary: inside ? inward : fc.oneof(inward, outward) },
          { weight: 2, arbitrary: fc.record({ inner: tie('shape') }) },
        ),
      ),
      { selector: ([text]) => text, maxLength: 6 },
    ),
  }));
  const seconds = fc.array(fc.tuple(fc.nat(), fc.nat(), name), { maxLength: 4 });
  return fc.tuple(shape, seconds).map(([top, names]) => {
    const found = new Map<string, Entry>();
    place(found, top, '', 0);
    return withSecondNames(found, names);
  });
}

function place(found: Map<string, Entry>, shape: Shape, path: string, depth: number): void {
  for (const [text, node] of shape) {
    const here = `${path}${text}`;
    if ('file' in node) found.set(here, { kind: 'file', content: node.file, exec: node.exec });
    else if ('out' in node) found.set(here, { kind: 'link', target: node.out });
    else if ('ups' in node) {
      const ups = Array<string>(node.ups % (depth + 1)).fill('..');
      found.set(here, { kind: 'link', target: [...ups, ...node.down].join('/') || '.' });
    } else {
      found.set(here, { kind: 'folder' });
      place(found, node.inner, `${here}/`, depth + 1);
    }
  }
}

/** Hard links. Which name is the file's and which another one's is a matter of the alphabet alone. */
function withSecondNames(found: Map<string, Entry>, names: readonly [number, number, string][]): Tree {
  const groups = new Map<string, string[]>();
  for (const [which, where, text] of names) {
    const files = [...found].filter(([, entry]) => entry.kind === 'file').map(([path]) => path);
    const folders = [
      '',
      ...[...found].filter(([, entry]) => entry.kind === 'folder').map(([path]) => `${path}/`),
    ];
    const file = files[which % Math.max(1, files.length)];
    const path = `${folders[where % folders.length]}${text}`;
    if (file === undefined || found.has(path)) continue;
    groups.set(file, [...(groups.get(file) ?? [file]), path]);
    found.set(path, { kind: 'same', as: file });
  }
  for (const [file, group] of groups) {
    const [first, ...others] = walked(group) as [string, ...string[]];
    const entry = found.get(file)!;
    found.set(first, entry);
    for (const other of others) found.set(other, { kind: 'same', as: first });
  }
  return new Map(walked([...found.keys()]).map((path) => [path, found.get(path)!]));
}

/** In the order in which folders are gone through: names sorted, each folder followed by what it holds. */
function walked(paths: readonly string[]): string[] {
  // Below every byte of a name, so that "a/b" comes before "a!".
  const key = (path: string): string => path.replaceAll('/', '\0');
  return [...paths].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export const making: fc.Arbitrary<Making> = fc.record({
  order: fc.nat(),
  umask: fc.constantFrom(0o000, 0o022, 0o027, 0o077),
  time: fc.integer({ min: 0, max: 2 ** 32 }),
  uid: fc.constantFrom(0, 1000, 20_012, 65_534),
  holes: fc.boolean(),
});

/** Only root may give files away. */
const isRoot = process.getuid?.() === 0;

/** The tree below `root`, a folder that is there. */
export function plant(root: string, wanted: Tree, how: Making): void {
  const at = (path: string): Buffer => Buffer.from(`${root}/${path}`, 'latin1');
  const depth = (path: string): number => path.split('/').length;
  const lot = (path: string): number =>
    [...path].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, how.order);
  const sooner = (a: string, b: string): number => depth(a) - depth(b) || lot(a) - lot(b);
  const order = [...wanted.keys()].sort(sooner);
  for (const path of order) plantOne(at, path, wanted.get(path)!, how);
  const seconds = order.filter((path) => wanted.get(path)!.kind === 'same');
  for (const path of seconds) linkSync(at((wanted.get(path) as { as: string }).as), at(path));
  for (const path of [...order].reverse()) {
    const entry = wanted.get(path)!;
    if (isRoot && entry.kind !== 'same') lchownSync(at(path), how.uid, how.uid);
    if (entry.kind === 'file') chmodSync(at(path), (entry.exec ? 0o777 : 0o666) & ~how.umask);
    if (entry.kind === 'folder') chmodSync(at(path), 0o2777 & ~how.umask);
    lutimesSync(at(path), how.time, how.time + (lot(path) % 1000));
  }
}

function plantOne(at: (path: string) => Buffer, path: string, entry: Entry, how: Making): void {
  if (entry.kind === 'folder') mkdirSync(at(path));
  else if (entry.kind === 'link') symlinkSync(Buffer.from(entry.target, 'latin1'), at(path));
  else if (entry.kind === 'file' && how.holes && /^\0+$/.test(entry.content)) {
    const file = openSync(at(path), 'wx');
    ftruncateSync(file, entry.content.length);
    closeSync(file);
  } else if (entry.kind === 'file')
    writeFileSync(at(path), Buffer.from(entry.content, 'latin1'), { flag: 'wx' });
}

/** What lies below `root`, in the words above. @throws Error at anything else than files, folders and links */
export function seen(root: string): Tree {
  const found = new Map<string, Entry>();
  const firsts = new Map<number, string>();
  const look = (path: string): void => {
    const names = readdirSync(Buffer.from(`${root}/${path}`, 'latin1'), { encoding: 'buffer' });
    for (const text of names.sort(Buffer.compare).map((one) => one.toString('latin1'))) {
      const here = `${path}${text}`;
      const full = Buffer.from(`${root}/${here}`, 'latin1');
      const stat = lstatSync(full);
      if (stat.isDirectory()) {
        found.set(here, { kind: 'folder' });
        look(`${here}/`);
      } else if (stat.isSymbolicLink()) {
        found.set(here, { kind: 'link', target: readlinkSync(full, 'latin1') });
      } else if (!stat.isFile()) throw new Error(`${here} is neither file, folder nor link`);
      else if (firsts.has(stat.ino)) found.set(here, { kind: 'same', as: firsts.get(stat.ino)! });
      else {
        firsts.set(stat.ino, here);
        found.set(here, {
          kind: 'file',
          content: readFileSync(full, 'latin1'),
          exec: (stat.mode & 0o111) !== 0,
        });
      }
    }
  };
  look('');
  return found;
}
