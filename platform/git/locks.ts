// Locks that git leaves in a repository when it is killed: with them there no ref moves again.
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * At start, before we run git there. A program of git's that a killed server left may still be at work: then they are its
 * own, and stay.
 */
export async function removeLocks(repository: string): Promise<void> {
  const locks = await locksIn(repository);
  if (locks.length === 0 || (await isInUse(repository))) return;
  for (const path of locks) await rm(path, { force: true });
}

/** Of HEAD, of packed and single refs, of what gc writes. No ref may have such a name. */
async function locksIn(repository: string): Promise<string[]> {
  const below = [join('objects', 'info'), 'refs'].map(async (folder) => {
    const names = await readdir(join(repository, folder), { recursive: true }).catch(() => []);
    return names.map((name) => join(folder, name));
  });
  const names = (await Promise.all([readdir(repository), ...below])).flat();
  return names.filter((name) => name.endsWith('.lock')).map((name) => join(repository, name));
}

/** Whether a living program was told of it, by any of the ways in which git and its programs tell each other. */
async function isInUse(repository: string): Promise<boolean> {
  const others = (await readdir('/proc')).filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  );
  for (const pid of others) {
    const told = await Promise.all([
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
    ]);
    const words = told.flatMap((text) => text.split('\0'));
    if (words.some((word) => word.replace(/^GIT_DIR=/, '') === repository)) return true;
  }
  return false;
}
