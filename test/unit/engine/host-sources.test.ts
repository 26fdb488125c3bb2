import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forContainers, parseProxies, readHostSources } from '../../../platform/engine/host-sources.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'twelve-host-'));
});
afterEach(() => rm(root, { recursive: true }));

async function file(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

it('needs nothing where the host uses what Debian has by default, or is no Debian', async () => {
  expect(await readHostSources(root)).toMatchObject({ sources: '', aptConf: '' });
  await file(
    'etc/apt/sources.list',
    'deb http://archive.debian.org/debian bookworm main\ndeb http://secure.debian.org/debian-security bookworm-security main\n',
  );
  expect(await readHostSources(root)).toMatchObject({ sources: '', aptConf: '' });
  await file('etc/apt/sources.list', 'deb http://archive.ubuntu.com/ubuntu noble main universe\n');
  expect(await readHostSources(root)).toMatchObject({ sources: '', aptConf: '' });
});

it("takes a mirror's address for Debian 13, from both forms of files, and no sources of others", async () => {
  await file(
    'etc/apt/sources.list',
    [
      '# deb http://commented.example/debian bookworm main',
      'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main contrib # ours',
      'deb-src http://mirror.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm-backports main',
      'deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.example/linux/debian bookworm stable',
      'deb [signed-by=/usr/share/keyrings/other.gpg] https://packages.example/debian/12/prod bookworm main',
      'deb http://user:secret@mirror.example/debian bookworm-updates main',
      'deb cdrom:[Debian]/ bookworm main',
    ].join('\n'),
  );
  await file(
    'etc/apt/sources.list.d/debian.sources',
    [
      'Types: deb deb-src',
      '# a comment',
      'URIs: https://secure.example/debian-security',
      'Suites: bookworm-security',
      'Components: main',
      'Signed-By:',
      ' /usr/share/keyrings/debian-archive-keyring.gpg',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://off.example/debian',
      'Suites: bookworm',
      'Components: main',
    ].join('\n'),
  );
  await file('etc/apt/sources.list.d/old.list.save', 'deb http://saved.example/debian bookworm main\n');
  expect(await readHostSources(root)).toEqual({
    sources:
      'deb http://mirror.example/debian trixie main\ndeb https://secure.example/debian-security trixie-security main',
    aptConf: 'Acquire::https::secure.example::Verify-Peer "false";',
    proxies: {},
  });
});

it('follows the list of mirrors that cloud images have', async () => {
  await file('etc/apt/mirrors/debian.list', 'http://cdn.example/debian\n');
  await file(
    'etc/apt/sources.list.d/debian.sources',
    'Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm bookworm-updates\nComponents: main\n',
  );
  expect((await readHostSources(root)).sources).toBe(
    'deb http://cdn.example/debian trixie main\ndeb http://cdn.example/debian trixie-updates main',
  );
});

it('reads proxies from what apt-config says, and knows which of them a container can reach', () => {
  const proxies = parseProxies(
    'Acquire "";\nAcquire::http "";\nAcquire::http::Proxy "http://127.0.0.1:3142";\nAcquire::https::proxy "http://proxy.example:3128/";\nAcquire::http::Proxy::mirror.example "DIRECT";\n',
  );
  expect(proxies).toEqual({
    http_proxy: 'http://127.0.0.1:3142',
    https_proxy: 'http://proxy.example:3128/',
  });
  expect(forContainers(proxies)).toEqual({ https_proxy: 'http://proxy.example:3128/' });
  expect(forContainers({ no_proxy: 'localhost,127.0.0.1' })).toEqual({ no_proxy: 'localhost,127.0.0.1' });
});
