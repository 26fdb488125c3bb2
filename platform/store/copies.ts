// Copies of the database from before upgrades: which are kept, and what of them goes for a budget.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Count } from '../domain/budgets.ts';

const copiesKept = 3;
const copyName = /^twelve-schema-\d+-.+\.db$/;

/** All but the newest, and those that a killed server did not finish. After another one was made. */
export function removeOldCopies(folder: string): void {
  const parts = readdirSync(folder).filter((name) => name.endsWith('.db.part'));
  for (const name of [...newestFirst(folder).slice(copiesKept), ...parts])
    rmSync(join(folder, name), { force: true });
}

/** The older go until the others are within the budget; the newest is the only way back, and stays. @param dry only says which */
export function trimCopies(folder: string, budget: number | null, dry: boolean): Count {
  const removed = { count: 0, bytes: 0 };
  let taken = 0;
  for (const [index, name] of newestFirst(folder).entries()) {
    const bytes = statSync(join(folder, name)).size;
    taken += bytes;
    if (budget === null || index === 0 || taken <= budget) continue;
    removed.count += 1;
    removed.bytes += bytes;
    if (!dry) rmSync(join(folder, name), { force: true });
  }
  return removed;
}

function newestFirst(folder: string): string[] {
  const time = (name: string): string => name.replace(/^twelve-schema-\d+-/, '');
  return names(folder)
    .filter((name) => copyName.test(name))
    .sort((a, b) => (time(a) < time(b) ? 1 : -1));
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Nothing was upgraded here.
    return [];
  }
}
