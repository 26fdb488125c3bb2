// A disk that fills up, on a real small one: pushes are refused first and with a sentence, what runs goes on to the end.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { startPlatform } from '../support/platform.ts';
import { createServerProcess } from '../support/server-process.ts';
import { createSmallDisk } from '../support/small-disk.ts';
import { eventually } from '../support/wait.ts';

const megabyte = 1_048_576;

test('builds and pushes are refused first, then what is written; apps serve all the while, and after it all is as ever', async () => {
  using disk = createSmallDisk(3000);
  await using platform = await startPlatform(
    { TWELVE_MIN_FREE: '200' },
    {
      server: async (env, folder) => {
        // By a link, so that whoever clears away the folder of a killed test meets no mount.
        symlinkSync(disk.folder, join(folder, 'data'));
        return createServerProcess(env, join(folder, 'server'));
      },
    },
  );
  const app = await platform.createApp('steady', 'hello-node', { config: { GREETING: 'Hi' } });
  await platform.push(app);
  await using visitors = platform.crowd('steady', { pauseMs: 20 });
  const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });

  disk.fill(100 * megabyte);
  await app.commit({ 'later.txt': 'more\n' });
  const refused = await platform.git(['push', 'platform', 'main'], { cwd: app.folder });
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toMatch(
    /nearly full: \d+ MB are free at .* \(TWELVE_MIN_FREE\)\. Nothing was changed/,
  );
  // What takes little is still done.
  await must(twelve('config:set', 'GREETING=Still'));
  expect((await platform.visit('steady')).text).toContain('Still from web.1');
  await eventually(
    () => platform.serverOutput(),
    (said) => said.includes('the disk is nearly full: pushes and builds are refused, apps go on'),
  );
  const kinds = JSON.parse((await must(twelve('server:gc', '--dry-run', '--json'))).stdout) as {
    kind: string;
    bytes: number;
  }[];
  expect(kinds.find(({ kind }) => kind === 'slugs')!.bytes).toBeGreaterThan(megabyte);

  disk.fill(0);
  const change = await twelve('config:set', 'GREETING=Full');
  expect(change.status).toBe(1);
  expect(change.stderr).toMatch(/disk .* is full/);
  expect((await must(twelve('releases'))).stdout).toMatch(/^v4 /m);
  expect((await must(twelve('ps'))).stdout).toContain('web.1');
  expect((await platform.visit('steady')).text).toContain('Still from web.1');

  disk.empty();
  await eventually(
    () => platform.serverOutput(),
    (said) => said.includes('there is space on the disk again'),
  );
  await must(twelve('config:set', 'GREETING=Again'));
  await platform.push(app);
  expect((await platform.visit('steady')).text).toContain('Again from web.1');
  expect((await visitors.stop()).failures).toEqual([]);
});
