// Making an app: it is there with its first release or not at all, whatever fails, and its name is free then.
import { expect, it } from 'vitest';
import { createApp } from '../../../platform/actions/apps.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { createGround } from './ground.ts';

const nothing = async (): Promise<void> => undefined;

/** A platform whose parts do what they are told; git as a test says. */
function setUp(ensureRepository: (appId: string) => Promise<string>) {
  const ground = createGround();
  const removed: string[] = [];
  const { platform } = ground;
  Object.assign(platform, {
    router: { serve: nothing, remove: async (id: string) => void removed.push(id) },
    oneOffs: { stopAll: nothing },
    logs: { write: () => undefined, remove: nothing },
  });
  Object.assign(platform.processes, { removeApp: nothing, networkOf: { remove: nothing } });
  Object.assign(platform.git, { ensureRepository, removeRepository: nothing });
  Object.assign(platform.builder, { purgeCache: nothing });
  const make = () => createApp(platform, ground.caller, 'later');
  return { ground, platform, removed, make, names: () => ground.store.apps.list().map(({ name }) => name) };
}

const noRoom = async (): Promise<string> => {
  throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
};

it('has its first release from the moment on that it is there', async () => {
  let atRepository: unknown[] = [];
  const { ground, make } = setUp(async (appId) => {
    atRepository = ground.store.releases.list(appId);
    return '';
  });
  using _ = ground;
  const told: string[] = [];
  Object.assign(ground.platform.processes, { released: (id: string) => told.push(id) });
  const app = await make();
  const first = { version: 1, description: 'Initial release', cause: 'create', slugId: null };
  expect(atRepository).toMatchObject([first]);
  expect(ground.store.releases.list(app.id)).toMatchObject([first]);
  expect(told).toEqual([app.id]);
});

it('without a place for its repository there is no app, and its name is free', async () => {
  const { ground, platform, make, names, removed } = setUp(noRoom);
  using _ = ground;
  await expect(make()).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringMatching(/^later was not made, .* Try again/),
  });
  expect(names()).toEqual(['hello']);
  expect(removed).toHaveLength(1);
  expect(ground.problems).toContainEqual(expect.objectContaining({ app: 'later' }));
  Object.assign(platform.git, { ensureRepository: async () => '' });
  const { id } = await make();
  expect(ground.store.releases.list(id)).toMatchObject([{ version: 1, description: 'Initial release' }]);
});

it('nor is there one when what is left cannot be cleared away, or when its release cannot be written', async () => {
  const { ground, platform, make, names } = setUp(noRoom);
  using _ = ground;
  const fails: Platform['git']['removeRepository'] = async () => {
    throw new Error('not a directory');
  };
  Object.assign(platform.git, { removeRepository: fails });
  await expect(make()).rejects.toThrow('later was not made');
  expect(names()).toEqual(['hello']);
  ground.store.releases.append = () => {
    throw new Error('the disk is full');
  };
  await expect(make()).rejects.toThrow('the disk is full');
  expect(names()).toEqual(['hello']);
});

it('one that cannot be taken away again either is not said to be gone', async () => {
  const { ground, make, names } = setUp(noRoom);
  using _ = ground;
  ground.store.releases.eraseConfig = () => {
    throw new Error('the disk is full');
  };
  await expect(make()).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringMatching(/^later is there, but .* push to it.* or destroy it\.$/),
  });
  expect(names().sort()).toEqual(['hello', 'later']);
});
