// A release that serves and has lost its code, on the disk and on the engine: a push takes over from it, and says what was missing.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { ask, removeContainer, slugImages } from '../support/engine-socket.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

const procfile = 'web: exec python3 -m http.server $PORT --directory public\n';

/** All layers from the disk and, with what runs of them, all images from the engine. */
async function loseAll(platform: TestPlatform, which: 'layers' | 'layers and images'): Promise<void> {
  const folder = join(platform.dataFolder, 'blobs', 'sha256');
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  if (which === 'layers') return;
  for (const { id } of await platform.containers('lost')) await removeContainer(id);
  for (const id of await slugImages(platform.instance)) await ask('DELETE', `/images/${id}?force=1`);
}

test('an app whose code is gone is brought back by a push, or goes on until one takes over', async () => {
  await using platform = await startPlatform();
  const app = await platform.createApp('lost', null, {
    files: { Procfile: procfile, 'public/index.html': 'one\n' },
  });
  await platform.push(app);
  const shown = async (): Promise<string> => (await platform.visit('lost')).text;
  const log = async (): Promise<string> =>
    (await must(platform.cli(['logs', '-a', 'lost', '-n', '200'], { cwd: app.folder }))).stdout;
  expect(await shown()).toBe('one\n');

  await platform.stop('SIGTERM');
  await loseAll(platform, 'layers');
  await platform.startAgain();
  expect(await shown()).toBe('one\n');
  await eventually(log, (text) => text.includes('No process of lost v2 can be started: its code is gone'));
  await app.commit({ 'public/index.html': 'two\n' });
  const told = await platform.push(app);
  expect(told).toContain('What still runs of it goes on until v3 has taken over.');
  expect(await shown()).toBe('two\n');

  await platform.stop('SIGTERM');
  await loseAll(platform, 'layers and images');
  await platform.startAgain();
  expect((await platform.visit('lost')).status).toBe(503);
  await eventually(log, (text) => /web\.1\]: Could not start: .*no longer stored/.test(text));
  const refused = await platform.cli(['rollback', 'v2', '-a', 'lost'], { cwd: app.folder });
  expect(refused.status).toBe(1);
  const redone = await platform.cli(['redeploy', '-a', 'lost'], { cwd: app.folder });
  expect(redone).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('Releasing v4 of lost... done'),
  });
  expect(await shown()).toBe('two\n');
});
