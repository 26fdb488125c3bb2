// What is said of images whose packages are old, and of apps that a new stack has not come to yet.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { imagesAge, watchImages } from '../../../platform/actions/images-age.ts';
import { parseAppName } from '../../../platform/domain/app.ts';
import { serverImages } from '../../../platform/engine/images.ts';
import { plainSlug } from '../../support/plain-slug.ts';
import { createGround, type Ground } from './ground.ts';

let ground: Ground;
const day = 24 * 60 * 60 * 1000;
const ago = (days: number): string => new Date(Date.now() - days * day).toISOString();

beforeEach(() => {
  ground = createGround({
    currentImages: async () => serverImages.map((name) => `twelve/${name}:2`),
    packagesAsOf: async () => ago(3),
  });
});
afterEach(() => ground[Symbol.dispose]());

/** An app whose releases have slugs on these stacks; the last one serves. */
function app(name: string, ...stacks: string[]): void {
  const { store } = ground.platform;
  const { id, ownerId } = store.apps.create(parseAppName(name), ground.app.ownerId, 'debian-13');
  for (const [at, stackImage] of stacks.entries()) {
    const slug = store.slugs.insert(plainSlug(id, { processTypes: { web: 'run' }, stackImage }));
    store.releases.append(id, ownerId, {
      ...{ version: at + 1, slugId: slug.id, config: {}, cause: 'push', description: 'Deploy', commit: null },
    });
    store.apps.setServing(id, at + 1);
  }
}

it('apps are behind whose serving release stands on another stack than the one of now', async () => {
  app('new', 'twelve/stack:1', 'twelve/stack:2');
  app('old', 'twelve/stack:2', 'twelve/stack:1');
  app('empty');
  expect((await imagesAge(ground.platform)).appsBehind).toEqual(['old']);
});

const said = async (asOf: string | null | Error): Promise<unknown[]> => {
  const controller = new AbortController();
  const packagesAsOf = async () => {
    controller.abort();
    if (asOf instanceof Error) throw asOf;
    return asOf;
  };
  await watchImages({ ...ground.platform, packagesAsOf }, controller.signal);
  return ground.problems;
};

it('the log says that packages are old, since when, and what to do', async () => {
  const asOf = ago(75);
  expect(await said(asOf)).toEqual([
    { asOf },
    expect.stringMatching(/ 75 days old, .*scripts\/install --fresh-images.*scripts\/setup --fresh-images/),
  ]);
});

it.each([null, ago(3), ago(60)])('it says nothing of %s', async (asOf) => {
  expect(await said(asOf)).toEqual([]);
});

it('an engine that does not tell is a line in the log', async () => {
  expect(await said(new Error('It is away.'))).toContainEqual({ error: 'It is away.' });
});

it('it is said again and again, until the server stops', async () => {
  const controller = new AbortController();
  let asked = 0;
  const packagesAsOf = async () => {
    asked += 1;
    if (asked === 3) controller.abort();
    return ago(61);
  };
  await watchImages({ ...ground.platform, packagesAsOf }, controller.signal, 1);
  expect(ground.problems).toHaveLength(6);
});
