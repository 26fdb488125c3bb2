// Records what the first version left on its disk, for tests without it: node --import tsx test/support/record-first-version.ts
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './app-repository.ts';
import { liveFirst } from './first-life.ts';
import { setUpFirstVersion } from './first-version.ts';
import { makeFolder } from './leftovers.ts';
import { startPlatform } from './platform.ts';
import { run } from './program.ts';
import { recordedFile } from './recorded-version.ts';

/** What is made again by whoever starts on it; the router's folder, and layers of the stack. */
const left = [
  'cache',
  'work',
  'router',
  'server.lock',
  'server.lock-journal',
  'blobs/stacks',
  'blobs/incoming',
];
/** No layer of the app's own has so much. */
const stackBytes = 60_000;

async function record(): Promise<void> {
  const folder = makeFolder();
  try {
    const version = await setUpFirstVersion(join(folder, 'v0.1.0'));
    await using platform = await startPlatform({}, { version: () => version });
    const shop = await platform.newApp(null);
    const life = await liveFirst(platform, shop, 'exec python3 -m http.server $PORT');
    await platform.stop('SIGTERM');
    const facts = join(platform.dataFolder, 'facts.json');
    writeFileSync(facts, JSON.stringify({ ...life, token: platform.token }));
    const blobs = join('blobs', 'sha256');
    const stack = readdirSync(join(platform.dataFolder, blobs))
      .map((name) => join(blobs, name))
      .filter((name) => statSync(join(platform.dataFolder, name)).size > stackBytes);
    const without = [...left, ...stack].map((name) => `--exclude=./${name}`);
    const owner = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
    const order = ['-C', platform.dataFolder, ...owner, ...without, '-czf', recordedFile, '.'];
    await must(run('tar', order, { env: { ...process.env, GZIP: '-9' } as Record<string, string> }));
    console.log(`${recordedFile}: ${statSync(recordedFile).size} bytes`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await record();
