// Budgets of what is kept on disks: the setting behind each kind, and which of many goes until the rest is within one.
import type { Digest } from './slug.ts';

/** The setting that says how many MB a kind may take, of all apps together. */
export const budgetSettings = {
  images: 'TWELVE_IMAGES_BUDGET',
  slugs: 'TWELVE_SLUGS_BUDGET',
  repositories: 'TWELVE_REPOSITORIES_BUDGET',
  'build caches': 'TWELVE_CACHES',
  buildpacks: 'TWELVE_BUILDPACKS_BUDGET',
  'Debian packages': 'TWELVE_DEBS_BUDGET',
  backups: 'TWELVE_BACKUPS_BUDGET',
} as const;

export type BudgetKind = keyof typeof budgetSettings;

/** Kinds of which a budget is kept by taking no more: what is left of them after a collection is needed. */
export const refusingKinds = ['repositories', 'slugs', 'images'] as const satisfies readonly BudgetKind[];

export type RefusingKind = (typeof refusingKinds)[number];

/** What a build adds to, wherever its source comes from. */
export const builtKinds: readonly RefusingKind[] = ['slugs', 'images'];

/** Bytes; null: as much as there is. */
export type Budgets = Readonly<Record<BudgetKind, number | null>>;

/** What was removed, or would be. */
export interface Count {
  count: number;
  bytes: number;
}

export const nothing: Count = { count: 0, bytes: 0 };

/** @param read a setting in bytes; null where it is empty */
export function readBudgets(read: (name: string) => number | null): Budgets {
  const kinds = Object.entries(budgetSettings).map(([kind, name]) => [kind, read(name)]);
  return Object.freeze(Object.fromEntries(kinds) as Budgets);
}

export interface Holder {
  /** A part that several have is kept once, and goes with the last of them. */
  parts: readonly { digest: Digest; size: number }[];
  mayGo: boolean;
}

/**
 * Which go, in the order in which they are given, until what is left is within the budget.
 * @param taken what all of them take
 */
export function surplus<T extends Holder>(
  all: readonly T[],
  taken: number,
  budget: number | null,
): { gone: T[]; bytes: number } {
  const holders = new Map<Digest, number>();
  const stays = new Set<Digest>();
  for (const { parts, mayGo } of all)
    for (const digest of new Set(parts.map((part) => part.digest))) {
      holders.set(digest, (holders.get(digest) ?? 0) + 1);
      if (!mayGo) stays.add(digest);
    }
  const gone: T[] = [];
  let bytes = 0;
  for (const one of all) {
    if (budget === null || taken - bytes <= budget) break;
    if (!one.mayGo) continue;
    // The same as one that stays, as a redeploy makes it: nothing would be had for it.
    if (one.parts.length > 0 && one.parts.every(({ digest }) => stays.has(digest))) continue;
    for (const [digest, size] of new Map(one.parts.map((part) => [part.digest, part.size]))) {
      const left = holders.get(digest)! - 1;
      holders.set(digest, left);
      if (left === 0) bytes += size;
    }
    gone.push(one);
  }
  return { gone, bytes };
}
