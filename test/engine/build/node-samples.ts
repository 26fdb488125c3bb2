// The sample apps of the node buildpack, and builds that have no registry.
import { join } from 'node:path';
import { type Builds, ourBuildpacks, startBuilds } from './builds.ts';

export const sample = (name: string): string => join(ourBuildpacks, 'node', 'test', name);

/** A registry that nobody answers at. */
const nowhere = 'http://127.0.0.1:9';

/** The same caches as these, but no registry: what is not in the cache cannot be had. */
export const offline = (builds: Builds): Promise<Builds> =>
  startBuilds({ npmConfig: { registry: nowhere }, cacheFolder: join(builds.folder, 'cache') });
