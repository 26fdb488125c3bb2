// A slug is packed and recorded; one that is large is told of, and used all the same.
import { expect, it } from 'vitest';
import { buildSlug } from '../../../platform/actions/build-slug.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import type { DeployOrder } from '../../../platform/actions/deploy.ts';
import { createGround } from './ground.ts';

const mebibyte = 1_048_576;

async function linesFor(size: number): Promise<string[]> {
  const slugs = { pack: async () => ({ manifest: 'sha256:0', layers: [], size }) };
  using ground = createGround({ slugs: slugs as unknown as Platform['slugs'] });
  const { platform, app } = ground;
  platform.config.slugLimitBytes = 1024 * mebibyte;
  const order = {
    buildId: 'one',
    cause: 'push',
    commit: null,
    commitDescription: null,
    signal: new AbortController().signal,
    store: async () => undefined,
  } as unknown as DeployOrder;
  const lines: string[] = [];
  const { slug } = await buildSlug(platform, app, order, (line) => lines.push(line));
  expect(slug.size).toBe(size);
  return lines;
}

it('from 300 MB on it is called large, with what to do', async () => {
  expect(await linesFor(300 * mebibyte)).toEqual([
    '-----> Packing slug',
    '       Done: 300.0 MB',
    ' !     The slug is large (300 MB or more; 1024 MB are allowed): deploys and starts take longer.',
    ' !     Leave out what the app does not need when it runs: name such files in .slugignore.',
  ]);
});

it('below that nothing is said', async () => {
  expect(await linesFor(300 * mebibyte - 1)).toEqual(['-----> Packing slug', '       Done: 300.0 MB']);
});
