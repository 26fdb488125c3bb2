// Everything the platform keeps on disks, by kind: what it takes, within what budget, what a collection takes away, and what
// is refused because a budget is used up.
import {
  type BudgetKind,
  budgetSettings,
  type Count,
  nothing,
  type RefusingKind,
  refusingKinds,
} from '../domain/budgets.ts';
import { PlatformError } from '../domain/errors.ts';
import { requireSpace } from '../store/space.ts';
import { usedByKind } from '../store/usage.ts';
import type { Platform } from './context.ts';
import { collectNow, type Removed } from './garbage.ts';
import { imagesOnEngine } from './images.ts';
import { leftoverBytes, takenBy } from './taken.ts';

export interface KindUse {
  kind: string;
  bytes: number;
  /** Null: what there is is needed. */
  budget: number | null;
}

export interface Kind extends KindUse {
  removed: Count;
}

/** What a collection looks at. */
const collected: Readonly<Record<string, keyof Removed>> = {
  images: 'images',
  slugs: 'slugs',
  'build caches': 'caches',
  buildpacks: 'buildpacks',
  'Debian packages': 'debs',
  backups: 'copies',
};

/** @param dry only says what would go; what it takes is as of now */
export async function tidyDisk(platform: Platform, dry: boolean): Promise<Kind[]> {
  const removed = await collectNow(platform, dry);
  const kinds = await diskUse(platform);
  if (!kinds)
    throw new PlatformError(
      'service_unavailable',
      'What lies on the disk cannot be told: du failed, or what is kept of slugs cannot be read.',
    );
  return kinds.map((one) => ({
    ...one,
    removed: collected[one.kind] ? removed[collected[one.kind]!] : nothing,
  }));
}

/** Each kind is there, but for images while the engine does not answer; null when it takes longer than it may, or cannot be told. */
export async function diskUse(platform: Platform, patienceMs?: number): Promise<KindUse[] | null> {
  const kept = platform.store.slugs.kept();
  const [images, used, left] = await Promise.all([
    imagesOnEngine(platform, kept).catch(() => null),
    usedByKind(platform.config.dataFolder, patienceMs),
    leftoverBytes(platform, kept).catch(() => null),
  ]);
  if (!used || left === null) return null;
  const { slugs, ...rest } = used;
  const byKind = {
    ...(images && { images: images.bytes }),
    slugs: Math.max(0, slugs - left),
    leftovers: Math.min(slugs, left),
    ...rest,
  };
  return Object.entries(byKind).map(([kind, bytes]) => ({
    kind,
    bytes,
    budget: budgetOf(platform, kind),
  }));
}

function budgetOf({ config, store }: Platform, kind: string): number | null {
  if (kind === 'logs') return store.apps.list().length * config.logBudgetBytes;
  return config.budgets[kind as BudgetKind] ?? null;
}

/** Why there is no more to be had. */
const stays: Readonly<Record<RefusingKind, string>> = {
  repositories: '',
  slugs: 'What can be missed goes by itself; what the newest releases of each app need stays. ',
  images: 'What can be missed goes by itself; what runs, builds and the router needs stays. ',
};

/**
 * Before a deploy writes anything: room on the disks, and in the budgets of what it adds to. Looked at only where there is
 * one.
 * @param kinds all of them unless told
 * @throws PlatformError `service_unavailable`
 */
export async function requireRoom(
  platform: Platform,
  folders: readonly string[],
  kinds: readonly RefusingKind[] = refusingKinds,
): Promise<void> {
  const { config } = platform;
  await requireSpace(folders, config.minFreeBytes);
  for (const kind of kinds) {
    const budget = config.budgets[kind];
    if (budget === null) continue;
    const bytes = await takenBy(platform, kind);
    if (bytes <= budget) continue;
    throw new PlatformError(
      'service_unavailable',
      `The budget for ${kind} is used up: they take ${megabytes(bytes)} of ${megabytes(budget)} (${budgetSettings[kind]}). Nothing was changed, and apps go on. ${stays[kind]}Destroy apps that nobody needs (twelve apps:destroy), or raise the budget; twelve server:gc shows what takes how much.`,
      { budget: kind },
    );
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MB`;
