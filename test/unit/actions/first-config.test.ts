// What an app's first release takes of the config that its build proposes.
import { expect, it } from 'vitest';
import type { Platform } from '../../../platform/actions/context.ts';
import { createGround } from './ground.ts';

it('is what a user could have set, and nothing of it replaces what the user did set', async () => {
  const proposed = { '../../../etc/cron.d/x': 'owned', HOME: '/', GOOD: 'yes', OWN: 'theirs' };
  using ground = createGround();
  const { platform, store, app, caller } = ground;
  const build = platform.builder.build;
  platform.builder.build = (async (input) => ({
    ...(await build(input)),
    configDefaults: proposed,
  })) as Platform['builder']['build'];
  store.releases.append(app.id, caller.user.id, {
    version: 1,
    slugId: null,
    config: { OWN: 'mine' },
    cause: 'config',
    description: 'Set OWN config vars',
    commit: null,
  });
  await ground.push('a'.repeat(40));
  const release = store.releases.newest(app.id)!;
  expect(release.version).toBe(2);
  expect(store.releases.config(release)).toEqual({ GOOD: 'yes', OWN: 'mine' });
});
