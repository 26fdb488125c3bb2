// .deb files that an Aptfile names by their address: fetched by us behind the address check, installed with what they need.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAddressCheck } from '../../../platform/address-check.ts';
import { createDownload } from '../../../platform/download.ts';
import { type HttpsServer, startHttpsServer } from '../../unit/git/https-server.ts';
import { type Builds, type Files, startBuilds } from './builds.ts';
import { runInStack } from './stack.ts';

let remote: HttpsServer;
let builds: Builds;
let debs: { greet: Buffer; wrong: Buffer };
const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

beforeAll(async () => {
  remote = await startHttpsServer();
  // The one address that may be gone to is this test's own; all others are judged as ever.
  const check = createAddressCheck({ own: () => [], names: [] });
  const download = createDownload({
    resolve: async (url, signal) =>
      url.host === `git.test:${remote.port}`
        ? { host: url.hostname, port: remote.port, addresses: ['127.0.0.1'] }
        : check(url, signal),
    caFile: remote.caFile,
  });
  builds = await startBuilds();
  const folder = join(builds.folder, 'debs');
  await builds[Symbol.asyncDispose]();
  builds = await startBuilds({ debs: { folder, download } });
  debs = await makeDebs();
});
beforeEach(() => {
  remote.requests.length = 0;
  remote.before = (request, response) => {
    const file = { '/greet.deb': debs.greet, '/wrong.deb': debs.wrong }[request.url!.split('?')[0]!];
    if (file) response.end(file);
    else if (request.url === '/page.deb') response.end('<!doctype html><p>Download here</p>');
    else if (request.url === '/inside.deb') response.writeHead(302, { location: 'https://127.0.0.1/' }).end();
    else response.writeHead(404).end();
    return true;
  };
});
afterAll(async () => {
  await builds?.[Symbol.asyncDispose]();
  await remote?.[Symbol.asyncDispose]();
});

/** A program that needs one of Debian's packages, and the same for a machine that nobody has. */
async function makeDebs(): Promise<typeof debs> {
  const tree = (await builds.build({ 'app.py': '', Procfile: 'web: x' })).app;
  const make = async (architecture: string): Promise<Buffer> => {
    const control = `Package: twelve-greet\\nVersion: 1.0\\nArchitecture: ${architecture}\\nMaintainer: A <a@example.com>\\nDepends: jo\\nDescription: greets\\n`;
    const script =
      `cd /tmp && mkdir -p d/DEBIAN d/usr/bin && printf '${control}' >d/DEBIAN/control && ` +
      `printf '#!/bin/sh\\nexec jo hello=world\\n' >d/usr/bin/greet && chmod 755 d/usr/bin/greet && ` +
      'dpkg-deb --root-owner-group --build d x.deb >/dev/null && base64 -w 0 x.deb';
    return Buffer.from(await runInStack(builds, tree, script), 'base64');
  };
  const [greet, wrong] = await Promise.all([make('all'), make('s390x')]);
  return { greet, wrong };
}

const app = (aptfile: string): Files => ({ Aptfile: aptfile, Procfile: 'web: greet\n' });
const failure = (aptfile: string) => builds.failure(app(aptfile));

test('it is installed with the packages of Debian that it needs, and runs', async () => {
  const line = remote.url('greet.deb').replace('//', '//me:secret@');
  const { app: tree, lines } = await builds.build(app(`${line} # ours\n`), { app: 'open' });
  expect(remote.requests).toEqual([
    { path: '/greet.deb', authorization: `Basic ${Buffer.from('me:secret').toString('base64')}` },
  ]);
  expect(lines).toContain(`-----> Fetching ${remote.url('greet.deb')}`);
  expect(lines).toContain(
    ' !     Aptfile line 1 has no hash: whoever serves it decides what your app gets, and it is fetched in each build.',
  );
  expect(lines).toContain(` !     To have what came now, end the line with: #sha256=${hashOf(debs.greet)}`);
  expect(lines).toContain('-----> Installing greet.deb');
  expect(lines.join('\n')).toContain('twelve-greet 1.0');
  expect(lines.join('\n')).not.toContain('secret');
  expect(await runInStack(builds, tree, 'greet')).toBe('{"hello":"world"}\n');

  // Without a hash it may be another file by now: it is asked for again, and restored when it is the same.
  const again = await builds.build(app(`${line}\n`), { app: 'open' });
  expect(remote.requests).toHaveLength(2);
  expect(again.lines).toContain('       2 packages from the cache: greet.deb');
  expect(await runInStack(builds, again.app, 'greet')).toBe('{"hello":"world"}\n');
}, 300_000);

test('with its hash it is fetched once for all apps; another file there is E7', async () => {
  const line = `${remote.url('greet.deb')}#sha256=${hashOf(debs.greet)}\n`;
  const first = await builds.build(app(line), { app: 'pinned' });
  expect(first.lines.join('\n')).not.toContain('has no hash');
  expect(existsSync(join(first.app, '.apt/usr/bin/greet'))).toBe(true);
  remote.requests.length = 0;
  const { app: tree } = await builds.build(app(line), { app: 'another' });
  expect(remote.requests).toEqual([]);
  expect(await runInStack(builds, tree, 'greet')).toBe('{"hello":"world"}\n');

  expect(await failure(`${remote.url('greet.deb')}#sha256=${'0'.repeat(64)}\n`)).toMatchObject({
    id: 'E7',
    message: `Aptfile line 1: ${remote.url('greet.deb')} is not the file whose hash stands behind it (it is sha256:${hashOf(debs.greet)}). If you expect another file there, write the new hash; if not, find out who changed it before you install it anywhere.`,
  });
}, 300_000);

test('what cannot be had is told with its line, and nothing leads to the platform', async () => {
  expect(await failure(`jo\n${remote.url('gone.deb')}?token=secret\n`)).toMatchObject({
    id: 'E10',
    message: `Aptfile line 2: ${remote.url('gone.deb')} cannot be had. There is nothing at that URL.`,
  });
  expect((await failure('https://169.254.169.254/x.deb\n')).message).toBe(
    'Aptfile line 1: https://169.254.169.254/x.deb cannot be had. 169.254.169.254 is a metadata address, and nothing is fetched from there.',
  );
  expect((await failure(`${remote.url('inside.deb')}\n`)).message).toContain(
    '127.0.0.1 is a loopback address',
  );
  expect((await failure(`${remote.url('page.deb')}\n`)).message).toMatch(
    /^Aptfile line 1: ".*\/page\.deb" is no Debian package: there is HTML document/,
  );
  expect((await failure(`${remote.url('wrong.deb')}\n`)).message).toMatch(
    /^Aptfile line 1: ".*\/wrong\.deb" is for machines of the kind s390x, and this one is /,
  );
  const { containers } = builds;
  expect((await containers()).filter((one) => one.state === 'running')).toEqual([]);
}, 300_000);
