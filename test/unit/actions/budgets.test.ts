// What is kept within its budget: by going, the oldest first, or by taking no more; what serves is never touched.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { diskUse, requireRoom, tidyDisk } from '../../../platform/actions/disk.ts';
import { collectGarbage } from '../../../platform/actions/garbage.ts';
import { builtKinds } from '../../../platform/domain/budgets.ts';
import { engine, ground, kept, layerBytes, release, setBudgets, setYouth } from './budget-ground.ts';

it('slugs of the oldest releases go; those of the newest two stay, and then nothing more is taken', async () => {
  for (const text of ['a', 'b', 'c', 'd']) await release(text);
  setBudgets({ slugs: 3.5 * layerBytes });
  const dry = await tidyDisk(ground.platform, true);
  expect(kept()).toEqual(['a', 'b', 'c', 'd']);
  const run = await tidyDisk(ground.platform, false);
  expect(kept()).toEqual(['b', 'c', 'd']);
  const slugs = (kinds: typeof run) => kinds.find(({ kind }) => kind === 'slugs')!;
  expect(slugs(run).removed.bytes).toBeGreaterThanOrEqual(layerBytes);
  expect(slugs(dry).removed).toEqual(slugs(run).removed);
  expect(slugs(run)).toMatchObject({ budget: 3.5 * layerBytes });
  expect(slugs(run).bytes).toBeLessThanOrEqual(3.5 * layerBytes);
  await requireRoom(ground.platform, []);

  setBudgets({ slugs: 1 });
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['c', 'd']);
  await expect(requireRoom(ground.platform, [])).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringMatching(
      /^The budget for slugs is used up: they take 2 MB of 1 MB \(TWELVE_SLUGS_BUDGET\)\. .*apps:destroy.*raise the budget/,
    ),
  });
  expect(ground.problems).toEqual([]);
});

it('what deploys that failed just built neither takes the place of older slugs nor refuses a push', async () => {
  setYouth(3_600_000);
  for (const text of ['a', 'b', 'c']) await release(text);
  for (const text of ['x', 'y']) await release(text, 'failed');
  const take = (kinds: Awaited<ReturnType<typeof diskUse>>, kind: string) =>
    kinds!.find((one) => one.kind === kind)!.bytes / layerBytes;
  setBudgets({ slugs: 3.5 * layerBytes });
  const tidied = await tidyDisk(ground.platform, false);
  expect(kept()).toEqual(['a', 'b', 'c']);
  expect(take(tidied, 'slugs')).toBeCloseTo(3, 0);
  expect(take(tidied, 'leftovers')).toBeCloseTo(2, 0);
  await requireRoom(ground.platform, []);

  // Nor does what went for the budget itself.
  setBudgets({ slugs: 2.5 * layerBytes });
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['b', 'c']);
  expect(take(await diskUse(ground.platform), 'leftovers')).toBeCloseTo(3, 0);
  await requireRoom(ground.platform, []);
  await release('d');
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['c', 'd']);
  setBudgets({ slugs: 1.5 * layerBytes });
  await collectGarbage(ground.platform);
  await expect(requireRoom(ground.platform, [])).rejects.toThrow(/budget for slugs .* take 2 MB of 2 MB/);

  setYouth(-1000);
  await collectGarbage(ground.platform);
  expect(take(await diskUse(ground.platform), 'leftovers')).toBe(0);
  expect(kept()).toEqual(['c', 'd']);
});

it('the slugs of an app that is being deployed stay until that has ended', async () => {
  for (const text of ['a', 'b', 'c']) await release(text);
  setBudgets({ slugs: 1 });
  const claim = ground.platform.claims.take(ground.app, 'ada');
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['a', 'b', 'c']);
  claim.release();
  await collectGarbage(ground.platform);
  expect(kept()).toEqual(['b', 'c']);
});

it('of one that serves again from an older slug neither the slug nor its image goes', async () => {
  await release('a');
  const image = await release('b');
  const { store, app, caller } = ground;
  // As a redeploy of the same tree makes it: another slug with the same manifest.
  const [, slug] = store.slugs.ofApp(app.id);
  const again = store.slugs.insert({ ...slug!, commit: 'again' });
  for (const version of [3, 4]) {
    const { id } = store.releases.append(app.id, caller.user.id, {
      ...{ version, slugId: again.id, config: {}, cause: 'redeploy', description: 'Deploy', commit: 'again' },
    });
    store.releases.end(id, 'succeeded', null);
    store.apps.setServing(app.id, version);
  }
  setBudgets({ images: 1, slugs: 1 });
  await collectGarbage(ground.platform);
  // Nothing runs that would keep it from going.
  expect((await engine.images({})).map(({ id }) => id)).toEqual([image]);
  expect(kept()).toEqual(['again', 'b']);
});

it('what is used up refuses what adds to it, and is looked at again after something went', async () => {
  mkdirSync(join(ground.folder, 'git', 'app'), { recursive: true });
  const pack = join(ground.folder, 'git', 'app', 'pack');
  writeFileSync(pack, Buffer.alloc(3_000_000));
  setBudgets({ repositories: 2_000_000 });
  await requireRoom(ground.platform, [], builtKinds);
  await requireRoom(ground.platform, [], []);
  const asked = await Promise.allSettled([1, 2].map(() => requireRoom(ground.platform, [])));
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  rmSync(pack);
  await collectGarbage(ground.platform);
  await requireRoom(ground.platform, []);
});

it('repositories are only added to within theirs; a kind without one is not looked at', async () => {
  mkdirSync(join(ground.folder, 'git'));
  writeFileSync(join(ground.folder, 'git', 'pack'), Buffer.alloc(3_000_000));
  setBudgets({});
  await requireRoom(ground.platform, [ground.folder]);
  setBudgets({ repositories: 4_000_000 });
  await requireRoom(ground.platform, [ground.folder]);
  setBudgets({ repositories: 2_000_000 });
  await expect(requireRoom(ground.platform, [ground.folder])).rejects.toMatchObject({
    message: expect.stringMatching(/^The budget for repositories is used up: they take 3 MB of 2 MB/),
    details: { budget: 'repositories' },
  });
  setBudgets({ repositories: null }, 2 ** 60);
  await expect(requireRoom(ground.platform, [ground.folder])).rejects.toThrow(/TWELVE_MIN_FREE/);
});

it('the older copies of the database go for theirs, the newest stays', async () => {
  const folder = join(ground.folder, 'backups');
  mkdirSync(folder);
  for (const day of [1, 2, 3])
    writeFileSync(join(folder, `twelve-schema-${day}-2026-01-0${day}T00-00-00-000Z.db`), Buffer.alloc(1000));
  const removed = async (budget: number | null) => {
    setBudgets({ backups: budget });
    const kinds = await tidyDisk(ground.platform, false);
    return kinds.find(({ kind }) => kind === 'backups')!.removed;
  };
  expect(await removed(null)).toEqual({ count: 0, bytes: 0 });
  expect(await removed(2500)).toEqual({ count: 1, bytes: 1000 });
  expect(await removed(1)).toEqual({ count: 1, bytes: 1000 });
  expect(await removed(1)).toEqual({ count: 0, bytes: 0 });
});

it('while the engine is away what lies in the data folder is told without the images', async () => {
  engine.goAway();
  try {
    const found = await diskUse(ground.platform);
    expect(found!.map(({ kind }) => kind)).not.toContain('images');
    expect(found!.find(({ kind }) => kind === 'database')!.bytes).toBeGreaterThan(0);
  } finally {
    engine.comeBack();
  }
});
