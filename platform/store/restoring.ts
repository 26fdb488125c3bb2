// A data folder that a backup is being restored into: empty before, and whole or unusable after.
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../domain/errors.ts';

/** There while it is not whole. */
const mark = 'restoring';
/** What a file system, or a look at who uses the folder, puts there by itself. */
const noData = /^(lost\+found|server\.lock(-journal|-wal|-shm)?)$/;

/** What a restore makes beside the mark. */
const made = /^(git|blobs|outputs|twelve\.db|(instance|secret\.key)(\.new)?)$/;

export const restoringFolder = (folder: string): string => join(folder, mark);

/** @throws PlatformError `service_unavailable`: half of a backup would pass for all of it */
export function requireRestored(folder: string): void {
  if (!existsSync(restoringFolder(folder))) return;
  throw new PlatformError(
    'service_unavailable',
    `A backup was being restored into ${folder}, and not to its end. Restore it again: twelve server:restore <file> --key <key file>`,
  );
}

/** @throws PlatformError `conflict` when something is there; what a cut off restore left counts as nothing */
export function requireEmpty(folder: string): void {
  const begun = existsSync(restoringFolder(folder));
  const found = readdirSync(folder).filter(
    (name) => !noData.test(name) && !(begun && (name === mark || made.test(name))),
  );
  if (found.length === 0) return;
  const shown = found.slice(0, 3).join(', ');
  throw new PlatformError(
    'conflict',
    `The data folder ${folder} is not empty (${shown}${found.length > 3 ? ', …' : ''}). A backup is restored into an empty one: name another with --data, or move what is there away.`,
  );
}

/** The mark last, so that what is left is known for what it is. */
export async function emptyAgain(folder: string): Promise<void> {
  const names = readdirSync(folder).filter((name) => !noData.test(name) && name !== mark);
  for (const name of [...names, mark]) await rm(join(folder, name), { recursive: true, force: true });
}
