// The limit of an app's addresses where processes overlap: asked of a scale, a setting and a release alike.
import { expect, it } from 'vitest';
import { type ScaleUpdate, scale as scaled } from '../../../platform/actions/formation.ts';
import { processSettingsOf, setProcessSettings } from '../../../platform/actions/process-settings.ts';
import { appendRelease } from '../../../platform/actions/release.ts';
import { defaultSizeName, defaultSizes } from '../../../platform/domain/formation.ts';
import type { WrittenSettings } from '../../../platform/domain/process-settings.ts';
import { plainSlug } from '../../support/plain-slug.ts';
import { createGround, type Ground } from './ground.ts';

/** A release of code with these types and this app.json. */
function release({ platform, store, app, caller }: Ground, types: string[], settings: WrittenSettings = {}) {
  const processTypes = Object.fromEntries(types.map((type) => [type, 'true']));
  const slug = store.slugs.insert(plainSlug(app.id, { processTypes, declared: { settings } }));
  const change = { slugId: slug.id, config: {}, cause: 'push', description: 'Deploy', commit: null } as const;
  return appendRelease(platform, app, caller, () => change)!;
}

function begin(): Ground {
  const ground = createGround();
  Object.assign(ground.platform.config, { sizes: defaultSizes });
  Object.assign(ground.platform.processes, {
    changed: async () => undefined,
    changes: { begin: async () => undefined },
  });
  release(ground, ['web', 'worker']);
  return ground;
}

const scale = ({ platform, app, caller }: Ground, updates: readonly ScaleUpdate[]) =>
  scaled(platform, app, caller, updates, () => undefined);

const tooMany = (needed: number) => ({
  code: 'invalid_params',
  message: expect.stringContaining(`needs ${needed} addresses, and an app's network has 120`),
});

it('what overlaps by ps:set counts twice when it is scaled, and web once where it is replaced', async () => {
  using ground = begin();
  const { platform, app, caller, store } = ground;
  await setProcessSettings(platform, app, caller, { 'rollout.worker': 'overlap' });
  await expect(scale(ground, [{ type: 'worker', quantity: 60 }])).rejects.toMatchObject(tooMany(122));
  await setProcessSettings(platform, app, caller, { 'rollout.web': 'replace', 'rollout.worker': '' });
  await scale(ground, [{ type: 'web', quantity: 100 }]);
  expect(store.formations.of(app.id).find(({ type }) => type === 'web')?.quantity).toBe(100);
});

it('a setting by which processes would not fit any more is refused, and nothing is changed', async () => {
  using ground = begin();
  const { platform, app, caller, store } = ground;
  await scale(ground, [{ type: 'worker', quantity: 100 }]);
  const change = { 'rollout.worker': 'overlap', parallel: '2' };
  await expect(setProcessSettings(platform, app, caller, change)).rejects.toMatchObject(tooMany(202));
  expect(store.processSettings.of(app.id)).toEqual({});
  await setProcessSettings(platform, app, caller, { parallel: '2' });
});

it('code whose app.json has too many overlap is not released; with fewer it is, and its word is shown', async () => {
  using ground = begin();
  const { platform, app, store } = ground;
  await scale(ground, [{ type: 'worker', quantity: 100 }]);
  const settings = { 'rollout.worker': 'overlap' };
  expect(() => release(ground, ['web', 'worker'], settings)).toThrow(expect.objectContaining(tooMany(202)));
  expect(store.releases.newest(app.id)?.version).toBe(1);
  await scale(ground, [{ type: 'worker', quantity: 3 }]);
  release(ground, ['web', 'worker'], settings);
  expect(processSettingsOf(platform, app).find(({ key }) => key === 'rollout.worker')).toEqual({
    key: 'rollout.worker',
    value: 'overlap',
    from: 'app.json',
  });
});

it('types that come back with their number are counted, too', async () => {
  using ground = begin();
  const { app, store } = ground;
  const entry = (type: string, quantity: number) => ({ type, quantity, size: defaultSizeName });
  store.formations.replace(app.id, [entry('web', 60), entry('worker', 1)]);
  release(ground, ['web']);
  expect(() => release(ground, ['web', 'worker'])).toThrow(expect.objectContaining(tooMany(121)));
});
