// What was fetched from elsewhere and is kept for the builds to come, each kind within its budget.
import { type Count, nothing } from '../domain/budgets.ts';
import { createCollection } from './collection.ts';
import { sweepDebs, trimDebs } from './debs.ts';
import type { BuilderNeeds } from './needs.ts';

export interface TrimmedKept {
  buildpacks: Count;
  debs: Count;
}

export function createKept(
  needs: Pick<BuilderNeeds, 'collectionFolder' | 'collectionBytes' | 'fetchers' | 'debs'>,
) {
  const { collectionFolder: folder, collectionBytes: maxBytes, fetchers, debs } = needs;
  const collection = createCollection({ folder, fetchers, ...(maxBytes !== undefined && { maxBytes }) });
  return {
    collection,
    /** What is over a budget goes, the longest unused first. @param dry only says what would */
    async trim(dry: boolean): Promise<TrimmedKept> {
      return {
        buildpacks: await collection.trim(dry),
        debs: debs ? await trimDebs(debs, dry) : nothing,
      };
    },
    /** What a killed server left half fetched. */
    sweep: (): Promise<void>[] => [collection.sweep(), debs ? sweepDebs(debs.folder) : Promise.resolve()],
  };
}
