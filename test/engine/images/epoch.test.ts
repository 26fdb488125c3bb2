// An epoch: what is newer in Debian's packages gets into what all images start from; the repository here is one of our own.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { createImages, imagesFolder } from '../../../platform/engine/images.ts';
import { runIn } from './run.ts';

const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] ?? '/var/run/docker.sock' });
const references = new Set<string>();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-epoch-'));
  await cp(join(imagesFolder, 'updated-base'), join(folder, 'updated-base'), { recursive: true });
  for (const name of ['base', 'router']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'router/Dockerfile'), `ARG BASE\nFROM \${BASE}\n`);
});
afterAll(async () => {
  for (const reference of references) await engine.removeImage(reference);
  engine.close();
  await rm(folder, { recursive: true });
});

/** `proof` is installed as version 1, and there as version 2. */
const packages = String.raw`#!/bin/sh
set -eu
make() {
  mkdir -p /made/DEBIAN
  printf 'Package: proof\nVersion: %s\nArchitecture: all\nMaintainer: T <t@example.com>\nDescription: proof\n' "$1" > /made/DEBIAN/control
  dpkg-deb --build /made "/repository/proof_$1.deb"
}
mkdir /repository
make 1
dpkg --install /repository/proof_1.deb
make 2
cd /repository
{
  dpkg-deb --field proof_2.deb
  echo "Filename: ./proof_2.deb"
  echo "Size: $(stat -c %s proof_2.deb)"
  echo "SHA256: $(sha256sum proof_2.deb | cut -d ' ' -f 1)"
} > Packages
`;

async function base(sources: string): Promise<void> {
  await writeFile(join(folder, 'base/packages'), packages, { mode: 0o755 });
  await writeFile(
    join(folder, 'base/Dockerfile'),
    `ARG BASE\nFROM \${BASE}\nCOPY packages /packages\nRUN /packages && rm -rf /etc/apt/sources.list.d && echo '${sources}' > /etc/apt/sources.list\n`,
  );
}

async function router(epoch: string): Promise<string> {
  const images = createImages({ engine, folder, epoch });
  for (const name of ['router', 'updated-base', 'base'] as const)
    references.add(await images.reference(name));
  try {
    return (await images.ensure('router')).reference;
  } finally {
    await images.close();
  }
}

const inside = async (image: string, command: string): Promise<string> =>
  (await runIn(engine, image, ['sh', '-c', command])).output;
const version = (image: string): Promise<string> =>
  inside(image, `dpkg-query --show --showformat '\${Version}' proof`);

it('brings the newest packages to all that stands on the base, and without one they stay', async () => {
  await base('deb [trusted=yes] file:/repository ./');
  expect(await version(await router(''))).toBe('1');
  const updated = await router('2026-11-28');
  expect(await version(updated)).toBe('2');
  expect(await inside(updated, 'ls -A /var/lib/apt/lists')).toBe('');
  const again = await router('2026-11-29');
  const [one, other] = [await engine.image(updated), await engine.image(again)];
  expect(one!.id).not.toBe(other!.id);
});

it('an index of packages that cannot be had is a failure, and no image that only looks new', async () => {
  await base('deb http://127.0.0.1:9/debian trixie main');
  await expect(router('2026-11-28')).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringContaining('127.0.0.1:9'),
  });
});
