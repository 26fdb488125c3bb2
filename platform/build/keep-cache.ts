// At the end of a build: what it left in its cache folder is kept for the next one, or thrown away when it is too much.
import { messageOf } from '../domain/errors.ts';
import type { BuildInput } from './build.ts';
import type { BuildCache } from './cache.ts';
import { cacheThrownAway } from './failures.ts';
import type { BuilderNeeds, BuildLimits } from './needs.ts';

export interface KeepNeeds extends Pick<BuilderNeeds, 'onProblem'> {
  cache: BuildCache;
  limits: Pick<BuildLimits, 'cacheBytes'>;
}

/** Weighs the cache at once, while others read the tree; nothing that goes wrong with it is the build's failure. */
export function cacheKeeper(
  { cache, limits, onProblem }: KeepNeeds,
  { id, appId, write }: Pick<BuildInput, 'id' | 'appId' | 'write'>,
  key: string,
  folder: string,
) {
  const told = (error: unknown): void => onProblem?.(`The build cache was not kept: ${messageOf(error)}`);
  // What cannot be weighed is kept, as far as it can be.
  const weighed = cache.weigh(appId, key, folder).catch(() => null);
  let decided: Promise<void> | undefined;
  let work: Promise<void> = Promise.resolve();

  async function decide(): Promise<void> {
    const usage = await weighed;
    const tooLarge = usage !== null && usage.bytes > limits.cacheBytes;
    if (tooLarge)
      for (const line of cacheThrownAway(usage.bytes, limits.cacheBytes, usage.largest)) write(line);
    work = (tooLarge ? cache.purge(appId) : cache.save(appId, key, folder, id)).catch(told);
  }
  return {
    keep: (): Promise<void> => {
      decided ??= decide();
      return decided;
    },
    async ended(): Promise<void> {
      await weighed;
      await decided;
      await work;
    },
  };
}
