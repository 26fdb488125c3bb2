// Copies of the database from before upgrades: how one is made, which are kept, and what of them goes for a budget.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Count } from '../domain/budgets.ts';
import { writeWhole } from './data-folder.ts';

const copiesKept = 3;
const copyName = /^twelve-schema-(\d+)-.+\.db$/;
/** Names the copy of an upgrade that is under way. */
const mark = 'upgrading';

/**
 * The copy that an upgrade begins with. One that fails is tried at every start: only one that has come to its end makes
 * older copies go.
 * @param schema that the database has
 * @param write makes it
 */
export function beginCopy(folder: string, schema: number, write: (file: string) => void) {
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  forgetCutOff(folder, schema);
  const at = new Date().toISOString().replace(/[:.]/g, '-');
  const copy = join(folder, `twelve-schema-${schema}-${at}.db`);
  writeWhole(join(folder, mark), `${basename(copy)}\n`, 0o600);
  try {
    write(`${copy}.part`);
    renameSync(`${copy}.part`, copy);
  } catch (error) {
    forgetCutOff(folder, schema);
    throw error;
  }
  return {
    /** The upgrade has failed: the database itself is what was copied. */
    failed(): void {
      try {
        forgetCutOff(folder, schema);
      } catch {
        // The next try does; why the upgrade failed is what has to be told.
      }
    },
    done(): void {
      rmSync(join(folder, mark));
      for (const name of newestFirst(folder).slice(copiesKept)) rmSync(join(folder, name), { force: true });
    },
  };
}

/** What was copied for an upgrade that has not come to its end. */
function forgetCutOff(folder: string, schema: number): void {
  const file = join(folder, mark);
  if (existsSync(file)) {
    const name = readFileSync(file, 'utf8').trim();
    // Of another schema: that upgrade was done, and its server killed just after that.
    if (copyName.exec(name)?.[1] === String(schema)) rmSync(join(folder, name), { force: true });
  }
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.db.part')))
    rmSync(join(folder, name), { force: true });
  rmSync(file, { force: true });
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
