// A container from the image of a slug, whatever became of that image meanwhile.
import { beforeEach, expect, test } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import type { Slug } from '../../../platform/domain/slug.ts';
import { createFromSlug } from '../../../platform/processes/from-slug.ts';
import { createMemoryEngine } from '../../support/memory-engine.ts';

const slug = { id: 'slug-1' } as Slug;
let engine: ReturnType<typeof createMemoryEngine>;
let asked: number;
/** What pulling the slug comes to. */
let pull: () => Promise<string>;
const spec = (name: string) => (image: string) => ({ name, image, env: {}, labels: {} });

beforeEach(() => {
  engine = createMemoryEngine({ images: ['twelve/app:1'] });
  asked = 0;
  pull = async () => (await engine.image('twelve/app:1'))!.id;
});
const fromSlug = () =>
  createFromSlug({
    engine,
    image: () => {
      asked += 1;
      return pull();
    },
  });

test('the image is asked for once', async () => {
  const make = fromSlug();
  await make.provide(slug);
  const ids = [await make.create(slug, spec('a')), await make.create(slug, spec('b'))];
  expect(new Set(ids).size).toBe(2);
  expect(asked).toBe(1);
});

test('an image that somebody removed is pulled again', async () => {
  const make = fromSlug();
  await make.provide(slug);
  const { id } = (await engine.image('twelve/app:1'))!;
  await engine.removeImage(id);
  pull = async () => {
    engine.addImage('twelve/app:2');
    return (await engine.image('twelve/app:2'))!.id;
  };
  await make.create(slug, spec('a'));
  expect(asked).toBe(2);
  await make.create(slug, spec('b'));
  expect(asked).toBe(2);
});

test('one that cannot be pulled again says why', async () => {
  const make = fromSlug();
  await make.provide(slug);
  await engine.removeImage((await engine.image('twelve/app:1'))!.id);
  pull = async () => {
    throw new PlatformError('gone', 'The slug is no longer stored.');
  };
  await expect(make.create(slug, spec('a'))).rejects.toMatchObject({ code: 'gone' });
});

test('what failed is asked for anew', async () => {
  const make = fromSlug();
  const usual = pull;
  pull = async () => {
    throw new PlatformError('engine_failed', 'broken');
  };
  await expect(make.provide(slug)).rejects.toThrow('broken');
  pull = usual;
  await make.create(slug, spec('a'));
  expect(asked).toBe(2);
});
