// Sources that clients give: sent or fetched, kept for their build, unpacked for it, gone afterwards.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSources, type Sources } from '../../../platform/actions/sources.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';

let folder: string;
let sources: Sources;
let fetched: string[];
let notes: string[];
let served: Buffer | PlatformError;
const build = '11111111-1111-4111-8111-111111111111';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-sources-'));
  fetched = [];
  notes = [];
  sources = createSources({
    folder: join(folder, 'sources'),
    limitBytes: 1_048_576,
    download: async (url) => {
      fetched.push(url.href);
      if (served instanceof PlatformError) throw served;
      return Readable.from([served.subarray(0, 100), served.subarray(100)]);
    },
  });
});
afterEach(() => rm(folder, { recursive: true }));

async function tar(files: Record<string, string>, ...options: string[]): Promise<Buffer> {
  const tree = await mkdtemp(join(folder, 'tree-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(tree, path, '..'), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  return execFileSync('tar', ['-c', ...options, '-C', tree, '.']);
}

async function provided(given: { url?: string; checksum?: string } = {}): Promise<string> {
  const into = await mkdtemp(join(folder, 'into-'));
  await sources.provide({
    ...{ buildId: build, url: given.url ?? null, checksum: given.checksum ?? null, into },
    signal: new AbortController().signal,
    shownUrl: 'shown',
    note: (line) => void notes.push(line),
  });
  return into;
}

const kept = async (): Promise<string[]> => (await readdir(join(folder, 'sources'))).sort();

test('what was sent is unpacked, plain or with gzip, and stays the build’s when more is sent', async () => {
  for (const options of [[], ['-z']]) {
    const id = sources.expect();
    await sources.receive(id, Readable.from([await tar({ Procfile: 'web: one', 'src/a': 'a' }, ...options)]));
    sources.keepFor(build, id);
    await sources.receive(id, Readable.from([await tar({ Procfile: 'web: two' })]));
    const into = await provided();
    expect(await readFile(join(into, 'Procfile'), 'utf8')).toBe('web: one');
    expect(await readFile(join(into, 'src/a'), 'utf8')).toBe('a');
    await sources.remove(build);
  }
  await expect(provided()).rejects.toMatchObject({ code: 'gone' });
});

test('the only folder of an archive is the root, which is said', async () => {
  const id = sources.expect();
  await sources.receive(
    id,
    Readable.from([await tar({ 'hello-main/Procfile': 'web: x', 'hello-main/b/c': 'd' })]),
  );
  sources.keepFor(build, id);
  const into = await provided();
  expect((await readdir(into)).sort()).toEqual(['Procfile', 'b']);
  expect(notes).toEqual([expect.stringContaining('only folder, hello-main')]);
});

test('what is fetched is fetched once, and checked', async () => {
  served = await tar({ Procfile: 'web: x' }, '-z');
  const sum = createHash('sha256').update(served).digest('hex');
  const given = { url: 'https://example.com/a.tgz', checksum: `SHA256:${sum.toUpperCase()}` };
  expect(await readdir(await provided(given))).toEqual(['Procfile']);
  // A server that was killed meanwhile has it still.
  await provided(given);
  expect(fetched).toEqual(['https://example.com/a.tgz']);
  expect(notes[0]).toBe('-----> Fetching shown');
  await expect(provided({ ...given, checksum: `SHA256:${'0'.repeat(64)}` })).rejects.toMatchObject({
    code: 'build_failed',
    message: expect.stringContaining(`its SHA-256 is ${sum}`),
  });
});

test('what cannot be fetched is told without the login in its address, and leaves nothing', async () => {
  served = new PlatformError('build_failed', 'There is nothing at that URL.');
  const failing = provided({ url: 'https://user:secret@example.com/a.tgz?token=secret' });
  await expect(failing).rejects.toMatchObject({
    code: 'build_failed',
    message: 'The source could not be fetched from https://example.com/a.tgz. There is nothing at that URL.',
  });
  served = Buffer.alloc(2 * 1_048_576, 1);
  await expect(provided({ url: 'https://example.com/a.tgz' })).rejects.toThrow(/larger than the 1 MB/);
  expect(await kept()).toEqual([]);
});

test('what is no archive, too large or cut off is refused', async () => {
  const id = sources.expect();
  await expect(sources.receive(id, Readable.from([Buffer.alloc(2 * 1_048_576)]))).rejects.toMatchObject({
    code: 'invalid_params',
  });
  const cut = Readable.from(
    (async function* () {
      yield Buffer.alloc(10);
      throw new Error('the connection broke');
    })(),
  );
  await expect(sources.receive(id, cut)).rejects.toThrow('the connection broke');
  expect(await kept()).toEqual([]);
  expect(() => sources.keepFor(build, id)).toThrow(/Nothing was sent/);
  await expect(sources.receive('no-such-place', Readable.from([]))).rejects.toMatchObject({
    code: 'not_found',
  });
  await sources.receive(id, Readable.from([Buffer.from('hello, I am a text and no archive\n'.repeat(40))]));
  sources.keepFor(build, id);
  await expect(provided()).rejects.toMatchObject({
    code: 'build_failed',
    message: expect.stringContaining('A source is a tar archive, plain or packed with gzip.'),
  });
});

test('zeros behind the end of an archive are not unpacked for ever', async () => {
  const id = sources.expect();
  const endless = gzipSync(
    Buffer.concat([await tar({ Procfile: 'web: one' }), Buffer.alloc(20 * 1_048_576)]),
  );
  await sources.receive(id, Readable.from([endless]));
  sources.keepFor(build, id);
  await expect(provided()).rejects.toMatchObject({
    code: 'build_failed',
    message: expect.stringContaining('It unpacks to more than the files of a build may take.'),
  });
});

test('at start only what a build needs stays, and what was sent within a day', async () => {
  const [old, fresh] = [sources.expect(), sources.expect()];
  for (const id of [old, fresh])
    await sources.receive(id, Readable.from(['x'].map((one) => Buffer.from(one))));
  sources.keepFor(build, fresh);
  sources.keepFor('22222222-2222-4222-8222-222222222222', fresh);
  await utimes(join(folder, 'sources', `${old}.sent`), 0, 0);
  await writeFile(join(folder, 'sources', 'x.build.123.part'), 'half');
  sources.sweep(new Set([build]));
  expect(await kept()).toEqual([`${build}.build`, `${fresh}.sent`].sort());
  // Later too, whenever somebody asks for a place.
  await utimes(join(folder, 'sources', `${fresh}.sent`), 0, 0);
  sources.expect();
  expect(await kept()).toEqual([`${build}.build`]);
});
