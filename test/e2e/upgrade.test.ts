// A server of today on the data folder of the first version: it starts, knows what was there, and takes a push.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { writeFirstVersion } from '../support/first-version.ts';
import { startPlatform } from '../support/platform.ts';
import { createServerProcess } from '../support/server-process.ts';
import { eventually } from '../support/wait.ts';

test('a data folder of the first version is upgraded and serves', async () => {
  await using platform = await startPlatform(
    {},
    {
      server: async (env, folder) => {
        const { token } = writeFirstVersion(join(folder, 'data'), null);
        writeFileSync(join(folder, 'data', 'admin-token'), `${token}\n`, { mode: 0o600 });
        return createServerProcess(env, join(folder, 'server'));
      },
    },
  );
  const releases = await must(platform.cli(['releases', '-a', 'old']));
  expect(releases.stdout).toMatch(/^v3 .*change 3/m);
  expect((await must(platform.cli(['config:get', 'SECRET', '-a', 'old']))).stdout.trim()).toBe(
    'of version 2',
  );
  const app = await platform.newApp('hello-node');
  await must(platform.cli(['git:remote', '-a', 'old'], { cwd: app.folder }));
  await platform.push(app);
  await eventually(
    async () => (await platform.visit('old')).text,
    (text) => text.includes('release v4'),
  );
});
