// Builds as a user knows them beside the push: from an archive, through a killed server, in turns, cancelled, read later.
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

interface Build {
  id: string;
  status: string;
  reason: string | null;
  started_at: string | null;
  duration: number | null;
  release: { id: string } | null;
  source_blob: { url: string; version: string };
  output_stream_url: string;
}

let platform: TestPlatform;
let one: AppRepository;
let two: AppRepository;

/** An app without dependencies, whose build does this; what it serves says which. */
function sources(build: string, says: string): Record<string, string> {
  const scripts = { start: 'node server.js', build };
  return {
    'package.json': JSON.stringify({ name: 'x', version: '1.0.0', engines: { node: '22.x' }, scripts }),
    'package-lock.json': JSON.stringify({
      ...{ name: 'x', version: '1.0.0', lockfileVersion: 3, requires: true },
      packages: { '': { name: 'x', version: '1.0.0', engines: { node: '22.x' } } },
    }),
    'server.js': `require('node:http').createServer((_, r) => r.end('${says}')).listen(process.env.PORT);\n`,
  };
}

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_BUILDS: '1' });
  one = await platform.createApp('one', null, { files: sources('true', 'first') });
  two = await platform.createApp('two', null, { files: sources('true', 'other') });
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const builds = async (app: string): Promise<Build[]> =>
  JSON.parse((await must(platform.cli(['builds', '--json', '-a', app]))).stdout);
const page = async (app: string): Promise<string> => (await platform.visit(app)).text;
const noBuilds = (app: string) =>
  eventually(
    () => platform.containers(app, 'build'),
    (left) => left.length === 0,
  );

/** @returns its path */
async function archive(files: Record<string, string>): Promise<string> {
  const repository = await platform.newApp(null, files);
  const path = `${repository.folder}.tgz`;
  execFileSync('tar', ['-czf', path, '--exclude=.git', '-C', repository.folder, '.']);
  return path;
}

test('an archive is built and released; what the build printed is there after a restart', async () => {
  const path = await archive(sources('echo from an archive', 'archive'));
  const made = await must(
    platform.cli(['builds:create', '--source-tar', path, '--version', 'v1.2', '-a', 'one']),
  );
  expect(made.stdout).toContain('from an archive');
  expect(made.stderr).toMatch(/Releasing v\d+ of one\.\.\. done/);
  expect(await page('one')).toBe('archive');
  const [build] = await builds('one');
  expect(build).toMatchObject({ status: 'succeeded', source_blob: { version: 'v1.2' } });
  const releases = await must(platform.cli(['releases', '-a', 'one']));
  expect(releases.stdout).toContain('Deploy v1.2');
  // Nobody needs the archive any more.
  const kept = await readdir(join(platform.dataFolder, 'sources'));
  expect(kept.filter((name) => name.endsWith('.build'))).toEqual([]);
  await platform.restart();
  const output = await must(platform.cli(['builds:output', build!.id, '--follow', '-a', 'one']));
  expect(output.stdout).toContain('from an archive');
  const info = await must(platform.cli(['builds:info', build!.id, '-a', 'one']));
  expect(info.stdout).toContain('an archive that was sent');
  expect(info.stdout).toMatch(/^Took: +\d+(\.\d)?s$/m);
  expect(build!.duration).toBeGreaterThan(0);
  expect(build!.duration).toBeLessThan(120);
});

test('a server that is killed during such a build begins it again, and its release serves', async () => {
  const path = await archive(sources('echo the build runs; sleep 6; echo the build ends', 'survived'));
  await using create = platform.cliStart(['builds:create', '--source-tar', path, '-a', 'one']);
  await create.printed('the build runs');
  await platform.kill9();
  await platform.startAgain();
  expect(await create.result).toMatchObject({ status: 0 });
  expect(create.output()).toContain('The server was stopped during this build, which begins again');
  expect(await page('one')).toBe('survived');
  expect((await builds('one'))[0]).toMatchObject({ status: 'succeeded' });
  await noBuildsBut(1);
});

/** One may wait for the next push. */
const noBuildsBut = (count: number) =>
  eventually(
    () => platform.containers(undefined, 'build'),
    (left) => left.length <= count,
  );

test('a server that is stopped during such a build goes on with it', async () => {
  const path = await archive(sources('echo the build runs; sleep 4', 'stopped and gone on'));
  await using create = platform.cliStart(['builds:create', '--source-tar', path, '-a', 'one']);
  await create.printed('the build runs');
  await platform.restart();
  expect(await create.result).toMatchObject({ status: 0 });
  expect(await page('one')).toBe('stopped and gone on');
});

test('other apps wait their turn and see it; the waiting is ended by Ctrl-C, the build by builds:cancel', async () => {
  await one.commit(sources('echo the build runs; sleep 600', 'never'));
  const before = await page('one');
  await using push = platform.gitStart(['push', 'platform', 'main'], { cwd: one.folder });
  await push.printed('the build runs');
  const cache = join(platform.dataFolder, 'cache');
  const cached = (await readdir(cache, { recursive: true })).sort();

  await using waiting = platform.gitStart(['push', 'platform', 'main'], { cwd: two.folder });
  await waiting.printed('Waiting for another build: 1 ahead');
  expect(await platform.containers('two', 'build')).toEqual([]);
  waiting.interrupt();
  expect((await waiting.result).status).not.toBe(0);
  await eventually(
    () => builds('two'),
    ([build]) => build?.status === 'failed',
  );
  const [left] = await builds('two');
  expect(left!.reason).toContain('The build was cancelled. The connection to git was lost.');

  const path = await archive(sources('true', 'other by archive'));
  // One that waits is cancelled without having begun.
  await using queued = platform.cliStart(['builds:create', '--source-tar', path, '-a', 'two']);
  await queued.printed('Waiting for another build: 1 ahead');
  await must(platform.cli(['builds:cancel', '-a', 'two']));
  expect((await queued.result).status).toBe(1);
  expect(queued.output()).not.toContain('Build cache');
  const [cancelled] = await builds('two');
  expect(cancelled).toMatchObject({ status: 'failed', release: null, started_at: null, duration: null });
  expect(cancelled!.reason).toContain('The build was cancelled by admin@localhost.');
  expect(await platform.containers('two', 'build')).toEqual([]);

  await using next = platform.cliStart(['builds:create', '--source-tar', path, '-a', 'two']);
  await next.printed('Waiting for another build: 1 ahead');
  const again = await platform.cli(['builds:create', '--source-tar', path, '-a', 'one']);
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('is deploying one since') });
  expect((await platform.cli(['builds:cache:purge', '-a', 'one'])).stderr).toContain(
    'is deploying one since',
  );

  await must(platform.cli(['builds:cancel', '-a', 'one']));
  expect(await push.result).toMatchObject({
    stderr: expect.stringMatching(
      /The build was cancelled by admin@localhost\.[\s\S]*Build cancelled: v\d+ serves/,
    ),
  });
  await noBuilds('one');
  expect((await builds('one'))[0]).toMatchObject({ status: 'failed', release: null });
  expect((await readdir(cache, { recursive: true })).sort()).toEqual(cached);
  expect(await page('one')).toBe(before);
  const logs = await must(platform.cli(['logs', '-s', 'twelve', '-a', 'one']));
  expect(logs.stdout).toContain('Build cancelled -- check your build output');
  expect((await platform.cli(['builds:cancel', '-a', 'one'])).stderr).toContain('has failed already');
  // Whoever waited runs now.
  expect(await next.result).toMatchObject({ status: 0 });
  expect(await page('two')).toBe('other by archive');
});

test('the cache is purged; a killed server leaves no build container and no half-written cache', async () => {
  await one.commit(sources('true', 'second'));
  expect(await platform.push(one)).toContain('Build cache: restored');
  await must(platform.cli(['builds:cache:purge', '-a', 'one']));
  await one.commit(sources('echo the build runs; sleep 600', 'never'));
  await using push = platform.gitStart(['push', 'platform', 'main'], { cwd: one.folder });
  await push.printed('Build cache: empty');
  await push.printed('the build runs');
  await platform.kill9();
  await platform.startAgain();
  await noBuilds('one');
  expect((await push.result).status).not.toBe(0);
  expect(await builds('one')).toMatchObject([{ status: 'failed' }, { status: 'succeeded' }, {}, {}, {}, {}]);
  await one.commit(sources('true', 'third'));
  expect(await platform.push(one)).toContain('Build cache: empty');
  expect(await page('one')).toBe('third');
});

test('a build reaches no service of this machine', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)!.address;
  const knock = `require('node:net').connect(${port}, '${address}').setTimeout(2000, () => { console.log('nobody is there'); process.exit(); }).once('connect', () => { console.log('it was reached'); process.exit(1); })`;
  try {
    await one.commit({ ...sources('node knock.js', 'knocked'), 'knock.js': knock });
    expect(await platform.push(one)).toContain('nobody is there');
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(execFileSync('iptables', ['-t', 'raw', '-S'], { encoding: 'utf8' })).toContain(
    `-N TWELVE-${platform.instance}`,
  );
});

test('what is no source, or from where none is fetched, is refused with the reason', async () => {
  const create = (...args: string[]) => platform.cli(['builds:create', ...args, '-a', 'two']);
  const refused = async (url: string): Promise<string> => (await create('--source-url', url)).stderr;
  expect(await refused('http://example.com/a.tgz')).toContain('Only https:// is fetched from here.');
  const local = await create('--source-url', 'https://127.0.0.1/secret.tgz');
  expect(local).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('127.0.0.1 is a loopback address'),
  });
  const text = `${two.folder}/package.json`;
  expect(await create('--source-tar', text)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('A source is a tar archive, plain or packed with gzip.'),
  });
  const path = await archive(sources('true', 'x'));
  expect(await create('--source-tar', path, '--checksum', `SHA256:${'0'.repeat(64)}`)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('The source is not the one that was meant'),
  });
  expect((await create('--source-tar', two.folder)).stderr).toContain('is not a file');
  expect((await create()).status).toBe(2);
  expect(await page('two')).toBe('other by archive');
});

test("Heroku's clients send an archive with no token and an empty type, and read the build's output", async () => {
  const path = await archive(sources('echo as heroku does', 'heroku'));
  const { body: source } = await platform.api<{ source_blob: { put_url: string; get_url: string } }>(
    'POST',
    '/sources',
  );
  const body = new Uint8Array(execFileSync('cat', [path]));
  const wrong = source.source_blob.put_url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  expect((await fetch(wrong, { method: 'PUT', body })).status).toBe(404);
  expect(
    (await fetch(source.source_blob.put_url, { method: 'PUT', body, headers: { 'Content-Type': '' } }))
      .status,
  ).toBe(200);
  const { status, body: build } = await platform.api<Build>('POST', '/apps/two/builds', {
    source_blob: { url: source.source_blob.get_url, version: '' },
  });
  expect({ status, state: build.status }).toEqual({ status: 201, state: 'pending' });
  const output = await (await fetch(build.output_stream_url)).text();
  expect(output).toContain('as heroku does');
  const accept = { Accept: 'application/vnd.heroku+json; version=3.cancel-build' };
  expect((await platform.api('DELETE', `/apps/two/builds/${build.id}`, undefined, accept)).status).toBe(409);
  expect((await platform.api('DELETE', '/apps/two/build-cache')).status).toBe(202);
});
