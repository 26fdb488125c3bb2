// Unpacking anything that calls itself an archive: it ends with files inside the folder and the limits, or with a sentence that says why not.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unpack } from '../../../platform/archive/unpack.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { endOfArchive, gnuLong, pax, type RawEntry, rawEntry, summed } from './raw-tar.ts';

const limits = { bytes: 3000, entries: 12 };
let folder: string;
let into: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-unpack-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Words that names are made of: plain ones, and those that would lead somewhere. */
const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'l') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '..',
      '.',
      '',
      'secret',
      'a\\b',
      '\xff',
      '..a',
      'caf\xe9',
      '__proto__',
      'n'.repeat(101),
      'n'.repeat(300),
    ),
  },
);
const path = fc
  .tuple(
    fc.constantFrom('', '', '', '', '', './', '/', '../', '//'),
    fc.array(word, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '', '', '/', '/.', '\0x'),
  )
  .map(([front, words, end]) => front + words.join('/') + end);
const target = fc.oneof(
  path,
  path.map((text) => `../${text}`),
  fc.constantFrom('..', '.', '/', '../secret', '../..', 'l/../..', 'a/../../secret', ''),
);

const plainType = fc.constantFrom('0', '0', '0', '1', '2', '2', '5', '5');
const oddType = fc.constantFrom(
  '\0',
  '3',
  '4',
  '6',
  '7',
  'S',
  'D',
  'V',
  'M',
  'N',
  'x',
  'g',
  'L',
  'K',
  '~',
  '\xff',
);
const sizes = fc.constantFrom(0, 1, 511, 512, 513, 2999, 3000, 3001);
const claimed = fc.constantFrom<number | string>(
  -1,
  1,
  512,
  4096,
  2 ** 33,
  2 ** 53,
  'garbage',
  '-1',
  '77777777777\0',
  '\x80'.padEnd(12, '\xff'),
  '\xff'.repeat(12),
  '\x81'.repeat(12),
);

const entry = fc
  .record({
    name: path,
    type: fc.oneof({ weight: 8, arbitrary: plainType }, { weight: 1, arbitrary: oddType }),
    linkname: target,
    length: fc.oneof({ weight: 4, arbitrary: fc.constant(3) }, { weight: 1, arbitrary: sizes }),
    size: fc.option(claimed, { freq: 15, nil: undefined }),
    mode: fc.constantFrom(0o644, 0o755, 0o7777, 0),
    magic: fc.constantFrom('gnu' as const, 'gnu' as const, 'ustar' as const, 'gnu' as const),
  })
  .map(({ length, size, ...rest }): RawEntry => {
    const content = 'x'.repeat(rest.type === '0' ? length : length % 3);
    return { ...rest, content, ...(size === undefined ? {} : { size }) };
  });

const record = fc.tuple(
  fc.constantFrom(
    'path',
    'linkpath',
    'size',
    'hdrcharset',
    'GNU.sparse.major',
    'GNU.sparse.name',
    'SCHILY.xattr.user.x',
    '__proto__',
    '',
  ),
  fc.oneof(target, fc.constantFrom('0', '1', '-1', '9'.repeat(400), 'NaN', 'BINARY', '\0', 'a\nb')),
);
const names = fc.oneof(target, fc.constantFrom('d/'.repeat(40), 'x'.repeat(5000), 'd/'.repeat(3000)));

/** What an archive is put together from, in a form that a failure can show. */
type Piece =
  | RawEntry
  | { records: [string, string][]; type: string }
  | { long: 'L' | 'K'; text: string }
  | 'end';

const pieces: fc.Arbitrary<Piece[]> = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: entry },
      {
        weight: 1,
        arbitrary: fc.record({
          records: fc.array(record, { maxLength: 3 }),
          type: fc.constantFrom('x', 'g'),
        }),
      },
      { weight: 1, arbitrary: fc.record({ long: fc.constantFrom('L' as const, 'K' as const), text: names }) },
      { weight: 1, arbitrary: fc.constant('end' as const) },
    ),
    { maxLength: 16 },
  )
  .map((all) => [...all, 'end']);

function archiveOf(all: readonly Piece[]): Buffer {
  return Buffer.concat(
    all.map((piece) => {
      if (piece === 'end') return endOfArchive;
      if ('records' in piece) return pax(piece.records, piece.type);
      return 'long' in piece ? gnuLong(piece.long, piece.text) : rawEntry(piece);
    }),
  );
}

/** As a stream gives it: in pieces that respect no border. */
async function opened(archive: Buffer, chunk: number, allowed = limits): Promise<unknown> {
  const parts = function* (): Generator<Buffer> {
    for (let at = 0; at < archive.length; at += chunk) yield archive.subarray(at, at + chunk);
  };
  return await unpack(Readable.from(parts(), { objectMode: false }), into, allowed).then(
    () => null,
    (error: unknown) => error,
  );
}

const chunk = fc.constantFrom(1, 100, 512, 513, 4096, 1_000_000);

/** A new folder to unpack into, and around it what must stay. */
function prepared(): void {
  rmSync(folder, { recursive: true, force: true });
  into = join(folder, 'deep', 'into');
  mkdirSync(into, { recursive: true });
  for (const place of [folder, dirname(into)]) writeFileSync(join(place, 'secret'), 'secret');
}

function holds(error: unknown): void {
  if (error !== null) {
    expect(error).toBeInstanceOf(PlatformError);
    expect((error as PlatformError).code).toBe('invalid_params');
    expect((error as PlatformError).message).toMatch(/^The archive (is refused|cannot be read): \S.*[^ ]$/);
    expect((error as PlatformError).message).not.toContain(folder);
  }
  expect(readdirSync(folder).sort()).toEqual(['deep', 'secret']);
  expect(readdirSync(dirname(into)).sort()).toEqual(['into', 'secret']);
  for (const place of [folder, dirname(into)]) {
    expect(readFileSync(join(place, 'secret'), 'utf8')).toBe('secret');
    expect(statSync(join(place, 'secret'))).toMatchObject({ nlink: 1 });
  }
  const inside = everything(into);
  expect(inside.length).toBeLessThanOrEqual(limits.entries);
  const stats = inside.map((one) => lstatSync(one));
  const files = new Map(stats.filter((one) => one.isFile()).map((one) => [one.ino, one.size]));
  expect([...files.values()].reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(limits.bytes);
  for (const [index, one] of stats.entries()) {
    expect(one.isFile() || one.isDirectory() || one.isSymbolicLink()).toBe(true);
    if (!one.isSymbolicLink()) expect([0o755, 0o644]).toContain(one.mode & 0o7777);
    else expect(leadsOut(inside[index]!.toString('latin1')), inside[index]!.toString()).toBe(false);
  }
}

function everything(top: string): Buffer[] {
  const look = (place: Buffer): Buffer[] =>
    readdirSync(place, { withFileTypes: true, encoding: 'buffer' }).flatMap((one) => {
      const here = Buffer.concat([place, Buffer.from('/'), one.name]);
      return one.isDirectory() ? [here, ...look(here)] : [here];
    });
  return look(Buffer.from(top));
}

/** Goes the way of a link step by step, over other links too, as the kernel does. */
function leadsOut(link: string): boolean {
  let at = dirname(link);
  const steps = targetOf(link)!.split('/');
  if (steps[0] === '') return true;
  for (let links = 0; steps.length > 0 && links <= 40; ) {
    const next = resolve(at, steps.shift() || '.');
    if (next !== into && !next.startsWith(`${into}/`)) return true;
    const further = next === at ? undefined : targetOf(next);
    if (further?.startsWith('/')) return true;
    if (further === undefined) at = next;
    else {
      links += 1;
      steps.unshift(...further.split('/'));
    }
  }
  return false;
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(Buffer.from(link, 'latin1'), 'latin1');
  } catch {
    return undefined;
  }
}

/** One that never ends is a failure of its own, and shown. */
const often = { numRuns: 600, timeout: 5000 };

test('any headers whatever', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, chunk, async (parts, size) => {
      prepared();
      holds(await opened(archiveOf(parts), size));
    }),
    often,
  );
}, 120_000);

test('bytes that were changed on the way', async () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(pieces, changes, fc.boolean(), chunk, async (parts, where, sumAgain, size) => {
      prepared();
      const archive = archiveOf(parts);
      for (const [at, to] of where) {
        archive[at % archive.length] = to;
        const block = Math.floor((at % archive.length) / 512) * 512;
        // With a sum that fits only the fields themselves are left to stumble over.
        if (sumAgain) summed(archive.subarray(block, block + 512));
      }
      holds(await opened(archive, size));
    }),
    often,
  );
}, 120_000);

test('nothing but noise', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), chunk, async (noise, size) => {
      prepared();
      const error = await opened(Buffer.from(noise), size);
      expect(error).toBeInstanceOf(PlatformError);
      holds(error);
    }),
  );
}, 60_000);

test('cut off anywhere it is refused: nothing passes for a whole archive but one', async () => {
  const ample = { bytes: 100_000, entries: 100 };
  const sound = fc.record({
    name: fc.constantFrom('a', 'b', 'd/e', 'n'.repeat(100)),
    content: fc.constantFrom('', 'x', '\0'.repeat(512), '\0'.repeat(1024), '\0'.repeat(2048)),
  });
  const whole = fc
    .array(fc.oneof({ weight: 4, arbitrary: sound }, fc.constant<Piece>({ long: 'L', text: 'g' })), {
      maxLength: 5,
    })
    .map((all): Piece[] => [...all, { name: 'last' }, 'end']);
  await fc.assert(
    fc.asyncProperty(whole, fc.nat(), chunk, async (parts, at, size) => {
      prepared();
      const archive = archiveOf(parts);
      const error = await opened(archive.subarray(0, at % archive.length), size, ample);
      expect(error).toBeInstanceOf(PlatformError);
      prepared();
      expect(await opened(archive, size, ample)).toBeNull();
    }),
    { ...often, numRuns: 500 },
  );
}, 120_000);
