// A budget that is used up on a real engine: pushes are refused, what serves goes on, and what went for it comes back when it is needed.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { slugImages } from '../support/engine-socket.ts';
import { startPlatform } from '../support/platform.ts';
import { createServerProcess } from '../support/server-process.ts';
import { eventually } from '../support/wait.ts';

test('images of older releases go for the budget, and a rollback has the engine pull one again', async () => {
  let settings: Record<string, string> = {};
  await using platform = await startPlatform(
    {},
    {
      server: async (env, folder) => {
        settings = { ...env };
        return createServerProcess(settings, join(folder, 'server'));
      },
    },
  );
  const app = await platform.createApp('steady', 'hello-node');
  await platform.push(app);
  await app.commit({ 'later.txt': 'more\n' });
  await platform.push(app);
  const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
  const images = async (...args: string[]) => {
    const { stdout } = await must(twelve('server:gc', ...args, '--json'));
    const kinds = JSON.parse(stdout) as { kind: string; bytes: number; removed: { count: number } }[];
    return kinds.find(({ kind }) => kind === 'images')!;
  };
  const { rows, count } = await eventually(
    async () => ({ rows: await images('--dry-run'), count: (await slugImages(platform.instance)).length }),
    ({ rows }) => rows.removed.count === 0,
  );
  expect(rows.bytes).toBeGreaterThan(1_048_576);

  settings['TWELVE_IMAGES_BUDGET'] = '1';
  await platform.restart();
  await app.commit({ 'last.txt': 'no\n' });
  const refused = await platform.git(['push', 'platform', 'main'], { cwd: app.folder });
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toMatch(
    /The budget for images is used up: they take \d+ MB of 1 MB \(TWELVE_IMAGES_BUDGET\)/,
  );
  // An image goes with the last container that uses it.
  await eventually(
    async () => {
      await images();
      return (await slugImages(platform.instance)).length;
    },
    (left) => left === count - 1,
  );
  expect((await platform.visit('steady')).text).toContain('release v3');
  await must(twelve('rollback', 'v2'));
  expect((await slugImages(platform.instance)).length).toBe(count);
  expect((await platform.visit('steady')).text).toContain('release v4');
});
