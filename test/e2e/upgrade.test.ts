// A server of today on the disk that the first version left, on a machine whose engine has nothing of it: what was there is known, and comes back.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { greeting, secret } from '../support/first-life.ts';
import { startPlatform } from '../support/platform.ts';
import { type Recorded, unpackRecorded } from '../support/recorded-version.ts';
import { createServerProcess } from '../support/server-process.ts';
import { eventually } from '../support/wait.ts';

test('a data folder of the first version is upgraded; an app whose stack is lost says so, and a push brings it back', async () => {
  let life: Recorded | undefined;
  await using platform = await startPlatform(
    {},
    {
      server: async (env, folder) => {
        life = unpackRecorded(join(folder, 'data'));
        return createServerProcess(env, join(folder, 'server'));
      },
    },
  );
  const { releases, pushed, log } = life!;
  const twelve = (...args: string[]) => must(platform.cli([...args, '-a', 'shop']));
  expect((await must(platform.cli(['whoami']))).stdout).toBe('admin@localhost\n');
  expect((await twelve('releases')).stdout.match(/^v\d+/gm)).toEqual(
    releases.map(({ version }) => `v${version}`),
  );
  expect((await twelve('config')).stdout).toMatch(
    new RegExp(`^=== shop Config Vars\\n\\nGREETING: +${greeting}\\nSECRET: +${secret}\\n$`),
  );
  const told = await eventually(
    async () => (await twelve('logs', '-n', '1000')).stdout,
    (text) => /No process of shop v8 can be started: its code is gone/.test(text),
  );
  expect(told.startsWith(log)).toBe(true);
  expect((await platform.visit('shop')).status).toBe(503);

  const shop = await platform.newApp(null);
  await must(platform.cli(['git:remote', '-a', 'shop'], { cwd: shop.folder }));
  await must(shop.git('fetch', '-q', 'platform'));
  await must(shop.git('reset', '-q', '--hard', 'FETCH_HEAD'));
  expect(
    (await must(shop.git('log', '--reverse', '--format=%H'))).stdout.trim().split('\n').slice(-2),
  ).toEqual(pushed);
  await shop.commit({ 'index.html': 'pushed to the newer version\n' });
  await platform.push(shop);
  expect((await platform.visit('shop')).text).toBe('pushed to the newer version\n');
  expect((await twelve('ps')).stdout.match(/^(web|worker)\.\d: up .* v9 /gm)).toHaveLength(3);
});
