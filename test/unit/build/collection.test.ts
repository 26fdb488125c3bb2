// Buildpacks from elsewhere: what a name means, fetched once and kept within a size, refused in words.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readReference } from '../../../platform/build/choose.ts';
import { type CollectionNeeds, createCollection, type Foreign } from '../../../platform/build/collection.ts';
import { type Elsewhere, startElsewhere } from '../../support/elsewhere.ts';
import { commit, must } from '../git/support.ts';

let elsewhere: Elsewhere;
let folder: string;
beforeAll(async () => {
  elsewhere = await startElsewhere();
});
afterAll(() => elsewhere[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-collection-'));
});
afterEach(() => rm(folder, { recursive: true }));

const pack = { 'bin/detect': '#!/bin/sh\n', 'bin/compile': '#!/bin/sh\necho one\n' };
const open = (more: Partial<CollectionNeeds> = {}) =>
  createCollection({ folder, fetchers: elsewhere.fetchers, ...more });
const foreign = (text: string) => readReference(text) as Foreign;
const wish = (lines: string[] = []) => ({
  signal: new AbortController().signal,
  note: (line: string) => void lines.push(line),
});
const url = (name: string): string => elsewhere.remote.url(name);
const headOf = (work: string): Promise<string> => must(work, 'rev-parse', 'HEAD');
const compileOf = (taken: { folder: string }): Promise<string> =>
  readFile(join(taken.folder, 'bin/compile'), 'utf8');

/** What it is refused with; nothing half fetched stays. */
async function refused(text: string, more: Partial<CollectionNeeds> = {}): Promise<string> {
  const error = await open(more)
    .take(foreign(text), null, wish())
    .then(
      () => null,
      (thrown: unknown) => thrown,
    );
  expect(error).toMatchObject({ code: 'build_failed', details: { id: 'E3' } });
  expect(await readdir(folder).catch(() => [])).toEqual([]);
  return (error as Error).message;
}

describe('a git repository', () => {
  it('is had by branch, tag, commit or none of them, executable, and stays what it was fixed to', async () => {
    const work = await elsewhere.remote.repository('pack.git', pack);
    const first = await headOf(work);
    await must(work, 'tag', '-a', 'v1', '-m', 'One');
    await must(work, 'checkout', '-q', '-b', 'next/one');
    const second = await commit(work, { 'bin/compile': '#!/bin/sh\necho two\n' });
    await must(work, 'checkout', '-q', 'main');
    await elsewhere.remote.publish('pack.git');
    const collection = open();
    const means = (ref: string) => collection.pin(foreign(url(`pack.git${ref}`)), wish());
    expect(await means('')).toBe(first);
    expect(await means('#main')).toBe(first);
    expect(await means('#v1')).toBe(first);
    expect(await means('#refs/tags/v1')).toBe(first);
    expect(await means('#next/one')).toBe(second);
    expect(await means(`#${first}`)).toBe(first);

    const lines: string[] = [];
    const taken = await collection.take(foreign(url('pack.git#main')), null, wish(lines));
    expect(taken.pin).toBe(first);
    expect((await stat(join(taken.folder, 'bin/compile'))).mode & 0o777).toBe(0o755);
    expect(await compileOf(taken)).toContain('one');
    await commit(work, { 'bin/compile': 'three' });
    await elsewhere.remote.publish('pack.git');
    const asked = elsewhere.asked();
    expect(
      await compileOf(await collection.take(foreign(url('pack.git#main')), first, wish(lines))),
    ).toContain('one');
    // It was there already, for either ref: nobody was asked and nothing said.
    expect([elsewhere.asked() - asked, lines]).toEqual([0, []]);
    expect(await means('#main')).not.toBe(first);
  });

  it('comes with its submodules, relative URLs included, and says what is fetched', async () => {
    const inner = await elsewhere.remote.repository('lib.git', { 'say.sh': 'say' });
    const work = await elsewhere.remote.repository('with-lib.git', pack);
    await writeFile(join(work, '.gitmodules'), '[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n');
    await must(work, 'update-index', '--add', '--cacheinfo', `160000,${await headOf(inner)},lib`);
    await must(work, 'add', '.gitmodules');
    await must(work, 'commit', '-q', '-m', 'With lib');
    await elsewhere.remote.publish('with-lib.git');
    const lines: string[] = [];
    const taken = await open().take(foreign(url('with-lib.git')), null, wish(lines));
    expect(await readFile(join(taken.folder, 'lib/say.sh'), 'utf8')).toBe('say');
    expect(lines).toEqual([
      `-----> Fetching buildpack ${url('with-lib.git')} at ${taken.pin.slice(0, 10)}`,
      expect.stringContaining(`-----> Fetching submodule lib: ${url('lib.git')} at `),
    ]);
  });

  it('that is private is had with its login alone, also once it was fetched', async () => {
    await elsewhere.remote.repository('private.git', pack);
    const { before } = elsewhere.remote;
    elsewhere.remote.before = (request, response) => {
      if (request.headers.authorization === `Basic ${Buffer.from('ada:s3cret').toString('base64')}`)
        return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const collection = open();
    const own = foreign(url('private.git').replace('//', '//ada:s3cret@'));
    const { pin } = await collection.take(own, null, wish());
    const stranger = collection.take(foreign(url('private.git')), pin, wish());
    await expect(stranger).rejects.toThrow(/Could not get buildpack .*asks for a login/);
    await expect(stranger).rejects.not.toThrow(/s3cret/);
    elsewhere.remote.before = before;
  });

  it('is refused in words: ref, commit, size, kind, address', async () => {
    const work = await elsewhere.remote.repository('plain.git', { 'README.md': 'x' });
    await elsewhere.remote.repository('native.git', {
      'buildpack.toml': '',
      'bin/build': '',
      'bin/detect': '',
    });
    await elsewhere.remote.repository('pack.git', pack);
    const head = await headOf(work);
    const where = url('pack.git');
    expect(await refused(`${where}#nope`)).toBe(
      `Could not get buildpack ${where}#nope: Its repository has no branch and no tag "nope".`,
    );
    expect(await refused(`${where}#${head.slice(0, 8)}`)).toMatch(
      /A commit is written in full \(git rev-parse/,
    );
    expect(await refused(`${where}#${'f'.repeat(40)}`)).toMatch(/does not have the commit ffffffffff\./);
    // git's own last line, and what it means.
    expect(await refused(url('missing.git'))).toBe(
      `Could not get buildpack ${url('missing.git')}: repository '${url('missing.git/')}' not found. There is no repository at that URL.`,
    );
    expect(await refused(url('plain.git'))).toMatch(
      /no buildpack: it has no bin\/detect and no bin\/compile/,
    );
    expect(await refused(url('native.git'))).toMatch(/a Cloud Native Buildpack \(buildpack\.toml\)/);
    expect(await refused(where, { maxOne: 10 })).toMatch(/larger than the 0 MB that a buildpack may have/);
    expect(await refused('https://169.254.169.254/x.git')).toMatch(/a metadata address/);
    expect(await refused('https://localhost.test/x.git')).toMatch(
      /leads to 127\.0\.0\.1, a loopback address/,
    );
    expect(await refused('https://app.test/x.git#v1')).toMatch(/an address of the platform's own/);
  });

  it('that does not answer is given up, and nobody waits for it longer', async () => {
    const { before } = elsewhere.remote;
    elsewhere.remote.before = () => true;
    expect(await refused(url('slow.git'), { timeoutMs: 300 })).toMatch(/It was not there within 1 min/);
    elsewhere.remote.before = before;
  });

  it('cannot reach files of the machine through links', async () => {
    const outside = join(folder, 'outside');
    await writeFile(outside, 'x', { mode: 0o600 });
    const work = await elsewhere.remote.repository('linking.git', pack);
    await symlink(outside, join(work, 'bin/test'));
    await commit(work, {});
    await elsewhere.remote.publish('linking.git');
    await open().take(foreign(url('linking.git')), null, wish());
    expect((await stat(outside)).mode & 0o777).toBe(0o600);
    await rm(outside);
    await rm(folder, { recursive: true });
    const other = await elsewhere.remote.repository('all-linked.git', { a: 'a' });
    await symlink('/usr/bin', join(other, 'bin'));
    await commit(other, {});
    await elsewhere.remote.publish('all-linked.git');
    expect(await refused(url('all-linked.git'))).toMatch(/no bin\/detect and no bin\/compile/);
  });
});

describe('an archive', () => {
  const checksum = (content: Buffer): string =>
    `sha256:${createHash('sha256').update(content).digest('hex')}`;

  it('is fixed to its checksum, at its root or in the one folder that is around it', async () => {
    const plain = await elsewhere.pack(pack);
    const wrapped = await elsewhere.pack({
      'x-1.0/bin/detect': '#!/bin/sh\n',
      'x-1.0/bin/compile': '#!/bin/sh\necho in\n',
    });
    elsewhere.archive('plain.tgz', plain);
    elsewhere.archive('wrapped.tar.gz', wrapped);
    const collection = open();
    const taken = await collection.take(foreign(url('plain.tgz')), null, wish());
    expect(taken.pin).toBe(checksum(plain));
    expect(await compileOf(taken)).toContain('one');
    const inner = await collection.take(
      foreign(url(`wrapped.tar.gz?token=1#${checksum(wrapped)}`)),
      null,
      wish(),
    );
    expect(await compileOf(inner)).toContain('in');
    const asked = elsewhere.asked();
    await collection.take(foreign(url('plain.tgz')), taken.pin, wish());
    expect(elsewhere.asked()).toBe(asked);
  });

  it('that has changed, is cut, is a bomb, climbs out, or is none is refused', async () => {
    const plain = await elsewhere.pack(pack);
    elsewhere.archive('p.tgz', plain);
    expect(await refused(url(`p.tgz#sha256:${'0'.repeat(64)}`))).toMatch(
      /What is at that URL now is another archive \(sha256:[0-9a-f]{64}\) than the one it was fixed to/,
    );
    elsewhere.archive('cut.tgz', plain.subarray(0, plain.length - 30));
    expect(await refused(url('cut.tgz'))).toMatch(/unexpected end of file/);
    elsewhere.archive('text.tgz', Buffer.from('hello'));
    expect(await refused(url('text.tgz'))).toMatch(/The archive cannot be read: incorrect header check/);
    elsewhere.archive('bomb.tgz', await elsewhere.pack({ ...pack, zeros: '\0'.repeat(3_000_000) }));
    expect(await refused(url('bomb.tgz'), { maxOne: 1_000_000 })).toMatch(
      /its files take more than 1000000 bytes/,
    );
    elsewhere.archive('large.tgz', Buffer.alloc(2000));
    expect(await refused(url('large.tgz'), { maxOne: 1000 })).toMatch(/It is larger than 0 MB/);
    expect(await refused(url('nothing.tgz'))).toMatch(/There is nothing at that URL/);
    expect(await refused('https://127.0.0.1/x.tgz')).toMatch(/a loopback address/);
  });
});

describe('what is kept', () => {
  it('is within a size: the longest unused goes, one in use stays', async () => {
    const names = ['a.tgz', 'b.tgz', 'c.tgz'];
    for (const name of names)
      elsewhere.archive(name, await elsewhere.pack({ ...pack, [name]: 'x'.repeat(1000) }));
    const collection = open({ maxBytes: 2500 });
    const take = (name: string) => collection.take(foreign(url(name)), null, wish());
    const a = await take('a.tgz');
    const b = await take('b.tgz');
    b.release();
    for (const one of await readdir(folder)) await utimes(join(folder, one, 'bytes'), 1, 1);
    const c = await take('c.tgz');
    expect((await readdir(folder)).length).toBe(2);
    expect(await compileOf(a)).toContain('one');
    expect(await compileOf(c)).toContain('one');
    await expect(compileOf(b)).rejects.toThrow(/ENOENT/);
  });

  it('is brought within a smaller size when it is asked for; a dry look only says what would go', async () => {
    elsewhere.archive('a.tgz', await elsewhere.pack({ ...pack, a: 'x'.repeat(1000) }));
    (await open({}).take(foreign(url('a.tgz')), null, wish())).release();
    const smaller = open({ maxBytes: 1 });
    const dry = await smaller.trim(true);
    expect(dry).toMatchObject({ count: 1 });
    expect(dry.bytes).toBeGreaterThan(1000);
    expect(await readdir(folder)).toHaveLength(1);
    expect(await smaller.trim(false)).toEqual(dry);
    expect(await readdir(folder)).toEqual([]);
    expect(await smaller.trim(false)).toEqual({ count: 0, bytes: 0 });
  });

  it('goes whole: whoever looks finds all of it or nothing', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`lib/${n}`, 'x'.repeat(10)]));
    elsewhere.archive('many.tgz', await elsewhere.pack({ ...pack, ...files }));
    elsewhere.archive('next.tgz', await elsewhere.pack({ ...pack, next: 'x'.repeat(1000) }));
    const collection = open({ maxBytes: 3100 });
    const old = await collection.take(foreign(url('many.tgz')), null, wish());
    old.release();
    const place = join(old.folder, '..');
    const seen = new Set<string>();
    const look = (): void => {
      const names = existsSync(place) ? readdirSync(place, { recursive: true }) : [];
      seen.add(`${names.length} entries`);
      if (!ended) setImmediate(look);
    };
    let ended = false;
    look();
    await collection.take(foreign(url('next.tgz')), null, wish());
    ended = true;
    look();
    expect([...seen]).toEqual([expect.stringMatching(/^30\d entries$/), '0 entries']);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is whole, whatever was left half fetched', async () => {
    await writeFile(join(folder, 'new-half'), '');
    await chmod(folder, 0o700);
    await open().sweep();
    expect(await readdir(folder)).toEqual([]);
  });
});
