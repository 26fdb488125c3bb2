// Destroying an app while it is built: its build ends first, and what it would leave goes with the app.
import { expect, it } from 'vitest';
import { destroyApp } from '../../../platform/actions/apps.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { prepare } from '../../../platform/actions/prepare.ts';
import { eventually } from '../../support/wait.ts';
import { createGround } from './ground.ts';

const nothing = async (): Promise<void> => undefined;

/** Its caches are in `caches`, its steps in `done`. */
function setUp() {
  const ground = createGround();
  const caches = new Set<string>();
  const done: string[] = [];
  const { platform } = ground;
  Object.assign(platform, {
    router: { remove: nothing },
    oneOffs: { stopAll: nothing },
    logs: { write: () => undefined, remove: nothing },
  });
  Object.assign(platform.processes, { removeApp: nothing, networkOf: { remove: nothing } });
  Object.assign(platform.git, { repositories: async () => [], removeRepository: nothing });
  Object.assign(platform.slugs, { prime: nothing });
  Object.assign(platform.builder, {
    cachedApps: async () => [...caches],
    purgeCache: async (id: string) => {
      done.push('purged');
      caches.delete(id);
    },
  });
  return { ground, platform, caches, done };
}

it('its running build is cancelled and has ended before its cache is purged', async () => {
  const { ground, platform, caches, done } = setUp();
  using _ = ground;
  const { app, caller, store } = ground;
  const build: Platform['builder']['build'] = async ({ signal }) => {
    done.push('began');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    // As one whose cache is being kept.
    await new Promise((resolve) => setTimeout(resolve, 20));
    caches.add(app.id);
    done.push('ended');
    throw signal.reason;
  };
  Object.assign(platform.builder, { build });
  const push = ground.push('a'.repeat(40)).catch((error: unknown) => error);
  await eventually(
    () => done,
    (steps) => steps.includes('began'),
  );
  await destroyApp(platform, app, caller);
  expect(done).toEqual(['began', 'ended', 'purged']);
  expect([...caches]).toEqual([]);
  expect(await push).toMatchObject({ message: 'The build was cancelled by ada@example.com.' });
  expect(store.builds.list(app.id)).toMatchObject([{ status: 'failed' }]);
  await expect(ground.push('b'.repeat(40))).rejects.toMatchObject({ code: 'not_found' });
});

it('what is secret in the addresses of its sources goes with it', async () => {
  const { ground, platform } = setUp();
  using _ = ground;
  const { app, caller, store } = ground;
  store.builds.insert({
    id: 'given',
    appId: app.id,
    userId: caller.user.id,
    commit: null,
    stack: 'debian-13',
  });
  store.buildSources.insert({
    ...{ buildId: 'given', url: 'https://example.com/a?token=secret', shownUrl: 'https://example.com/a' },
    ...{ checksum: null, description: null },
  });
  await destroyApp(platform, app, caller);
  expect(store.buildSources.of('given')).toMatchObject({ url: null, shownUrl: 'https://example.com/a' });
});

it('a cache of an app that is gone goes at the next start, one of an app that lives stays', async () => {
  const { ground, platform, caches } = setUp();
  using _ = ground;
  caches.add('gone').add(ground.app.id);
  await prepare(platform, AbortSignal.abort());
  expect([...caches]).toEqual([ground.app.id]);
});

it('nothing is kept of its cron entries, and nobody waits for them any more', async () => {
  const { ground, platform } = setUp();
  using _ = ground;
  const { app, caller, store } = ground;
  const told: string[] = [];
  Object.assign(platform.cron, { changed: (id: string) => told.push(`${id} ${store.apps.byId(id)?.name}`) });
  store.cron.suspend(app.id, 'entry', true);
  store.cron.suspendAll(app.id, true);
  await destroyApp(platform, app, caller);
  expect([...store.cron.ofApp(app.id)]).toEqual([]);
  expect(store.cron.isSuspended(app.id)).toBe(false);
  expect(told).toEqual([`${app.id} undefined`]);
});
