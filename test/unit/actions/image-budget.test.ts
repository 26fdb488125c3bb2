// The budget of images: those go that no release will ask for, then those that the engine can pull again; none that is in use.
import { expect, it } from 'vitest';
import { diskUse, requireRoom, tidyDisk } from '../../../platform/actions/disk.ts';
import { collectGarbage } from '../../../platform/actions/garbage.ts';
import { engine, ground, kept, layerBytes, release, setBudgets, setYouth, tags } from './budget-ground.ts';

/** What tidying says of images. */
const tidyImages = async (dry: boolean) =>
  (await tidyDisk(ground.platform, dry)).find(({ kind }) => kind === 'images')!;

it('images of releases that do not serve go, unless a container uses them; their slugs stay', async () => {
  await release('a');
  const image = await release('b');
  await release('c');
  await engine.create({ name: 'old', image, labels: { 'twelve.instance': 'mine' }, env: {} });
  setBudgets({ images: 2.5 * layerBytes });
  const dry = await tidyImages(true);
  expect(dry).toMatchObject({ bytes: 3 * layerBytes, removed: { count: 1, bytes: layerBytes } });
  const run = await tidyImages(false);
  expect(run).toMatchObject({ bytes: 2 * layerBytes, removed: dry.removed });
  expect(await tags()).toEqual(['twelve-mine/hello:b', 'twelve-mine/hello:c']);
  setBudgets({ images: 1 });
  await collectGarbage(ground.platform);
  expect(await tags()).toEqual(['twelve-mine/hello:b', 'twelve-mine/hello:c']);
  expect(kept()).toEqual(['a', 'b', 'c']);
  await expect(requireRoom(ground.platform, [])).rejects.toThrow(/budget for images .*TWELVE_IMAGES_BUDGET/);
});

it('an image goes for none to which somebody is going back meanwhile', async () => {
  await release('a');
  await release('b');
  await release('c');
  setBudgets({ images: 1 });
  const { slugs, store } = { ...ground.platform, store: ground.store };
  const { dropImage } = slugs;
  Object.assign(slugs, {
    dropImage: (image: Parameters<typeof dropImage>[0]) => {
      const [, second] = store.slugs.ofApp(ground.app.id);
      const rollback = { cause: 'rollback', description: 'Rollback to v2', commit: 'b' } as const;
      const order = { version: 4, slugId: second!.id, config: {}, ...rollback };
      if (store.releases.newest(ground.app.id)?.version === 3)
        store.releases.append(ground.app.id, ground.caller.user.id, order);
      return dropImage(image);
    },
  });
  await collectGarbage(ground.platform);
  expect(await tags()).toEqual(['twelve-mine/hello:b', 'twelve-mine/hello:c']);
  expect(ground.problems).not.toContain('garbage collection failed');
});

it('an image that a container keeps from being collected is counted without the stack', async () => {
  engine.addImage('twelve/stack:0123456789ab', { 'twelve.image': 'stack' });
  const labels = { 'twelve.slug': 'mine' };
  for (const name of ['one', 'two']) engine.addImage(`twelve-mine/gone:${name}`, labels);
  const { images } = engine;
  const sized = async (...asked: Parameters<typeof images>) =>
    (await images(...asked)).map((one) => ({ ...one, size: one.labels['twelve.slug'] ? 260 : 250 }));
  Object.assign(engine, { images: sized });
  const used = await diskUse(ground.platform);
  expect(used!.find(({ kind }) => kind === 'images')).toMatchObject({ bytes: 270 });
  expect(await tidyImages(false)).toMatchObject({ bytes: 250, removed: { count: 2, bytes: 20 } });
});

const hourMs = 3_600_000;

/** What the engine says of the size of each image of a slug: its one layer. */
function sizeImages(): void {
  const { images } = engine;
  const sized = async (...asked: Parameters<typeof images>) =>
    (await images(...asked)).map((one) => ({ ...one, size: layerBytes }));
  Object.assign(engine, { images: sized });
}

it('those of deploys that failed go first, as soon as the budget is short, and not before', async () => {
  setYouth(hourMs);
  sizeImages();
  for (const text of ['a', 'b']) await release(text);
  for (const text of ['x', 'y']) await release(text, 'failed');
  const names = (...texts: string[]) => texts.map((text) => `twelve-mine/hello:${text}`);
  setBudgets({ images: 4.5 * layerBytes });
  await collectGarbage(ground.platform);
  // Somebody may push the same once more.
  expect(await tags()).toEqual(names('a', 'b', 'x', 'y'));
  setBudgets({ images: 2.5 * layerBytes });
  const dry = await tidyImages(true);
  expect(dry.removed).toEqual({ count: 2, bytes: 2 * layerBytes });
  const run = await tidyImages(false);
  expect(run).toMatchObject({ bytes: 2 * layerBytes, removed: dry.removed });
  expect(await tags()).toEqual(names('a', 'b'));
  await requireRoom(ground.platform, []);
  expect(ground.problems).toEqual([]);
});

it('a dry run counts none twice that a collection takes anyway', async () => {
  sizeImages();
  for (const text of ['a', 'b']) await release(text);
  for (const text of ['x', 'y']) await release(text, 'failed');
  setBudgets({ images: 1.5 * layerBytes });
  const dry = await tidyImages(true);
  // Both that failed, and then the one that does not serve.
  expect(dry.removed).toEqual({ count: 3, bytes: 3 * layerBytes });
  expect((await tidyImages(false)).removed).toEqual(dry.removed);
});

it('one that a container has stays, and another goes in its place', async () => {
  setYouth(hourMs);
  sizeImages();
  for (const text of ['a', 'b']) await release(text);
  const image = await release('x', 'failed');
  await engine.create({ name: 'ending', image, labels: { 'twelve.instance': 'mine' }, env: {} });
  setBudgets({ images: 2.5 * layerBytes });
  await collectGarbage(ground.platform);
  expect(await tags()).toEqual(['twelve-mine/hello:b', 'twelve-mine/hello:x']);
});

it('one that failed stays for whoever deploys the same meanwhile', async () => {
  setYouth(hourMs);
  sizeImages();
  await release('a');
  for (const text of ['x', 'y']) await release(text, 'failed');
  const { store, app } = ground;
  const { slugs } = ground.platform;
  const { dropImage } = slugs;
  Object.assign(slugs, {
    dropImage: (image: Parameters<typeof dropImage>[0]) => {
      const failed = store.slugs.ofApp(app.id).find(({ commit }) => commit === 'y')!;
      store.slugs.insert({ ...failed, commit: 'again' });
      return dropImage(image);
    },
  });
  setBudgets({ images: 1 });
  await collectGarbage(ground.platform);
  expect(await tags()).toEqual(['twelve-mine/hello:a', 'twelve-mine/hello:y']);
  expect(ground.problems).toEqual([]);
});
