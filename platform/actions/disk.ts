// Everything the platform keeps on disks, by kind: how much it takes, within what budget, and what a collection takes away.
import { join } from 'node:path';
import { collectionBytes } from '../build/collection.ts';
import { keptDebBytes } from '../build/debs.ts';
import { bytesBelow } from '../build/disk.ts';
import { serverImages } from '../engine/images.ts';
import { label } from '../engine/labels.ts';
import type { Platform } from './context.ts';
import { type Count, collectNow, type Removed } from './garbage.ts';

export interface Kind {
  kind: string;
  /** After the collection. */
  bytes: number;
  /** Null: what there is is needed. */
  budget: number | null;
  removed: Count;
}

const nothing: Count = { count: 0, bytes: 0 };

/** Kinds that are folders of the data folder, with those that a collection looks at. */
const folders: readonly { kind: string; folder: string; removed?: keyof Removed }[] = [
  { kind: 'slugs', folder: 'blobs', removed: 'slugs' },
  { kind: 'build caches', folder: 'cache', removed: 'caches' },
  { kind: 'buildpacks', folder: 'buildpacks' },
  { kind: 'Debian packages', folder: 'debs' },
  { kind: 'builds under way', folder: 'work' },
  { kind: 'sources', folder: 'sources' },
  { kind: 'repositories', folder: 'git' },
  { kind: 'build outputs', folder: 'outputs' },
  { kind: 'logs', folder: 'logs' },
  { kind: 'backups', folder: 'backups' },
];

/** @param dry only says what would go; what it takes is as of now */
export async function tidyDisk(platform: Platform, dry: boolean): Promise<Kind[]> {
  const removed = await collectNow(platform, dry);
  const kinds: Kind[] = [await imagesKind(platform, removed.images)];
  for (const { kind, folder, removed: key } of folders)
    kinds.push({
      kind,
      bytes: await bytesBelow(join(platform.config.dataFolder, folder)),
      budget: budgetOf(platform, folder),
      removed: key ? removed[key] : nothing,
    });
  return kinds;
}

function budgetOf({ config, store }: Platform, folder: string): number | null {
  switch (folder) {
    case 'cache':
      return config.cachesBytes;
    case 'logs':
      return store.apps.list().length * config.logBudgetBytes;
    case 'buildpacks':
      return collectionBytes;
    case 'debs':
      return keptDebBytes;
    default:
      return null;
  }
}

/** The platform's own, and those of its apps. As the engine counts: layers that several have are in each. */
async function imagesKind({ engine, instance }: Platform, removed: Count): Promise<Kind> {
  const ours = await engine.images({ [label.slug]: instance });
  const made = await Promise.all(serverImages.map((name) => engine.images({ [label.image]: name })));
  const bytes = [...ours, ...made.flat()].reduce((sum, { size }) => sum + size, 0);
  return { kind: 'images', bytes, budget: null, removed };
}
