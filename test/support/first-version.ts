// The first version of all, v0.1.0, as whoever runs it has it: out of the history, set up by its own scripts.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './app-repository.ts';
import { engineSocket } from './engine-socket.ts';
import { withoutOurs } from './platform.ts';
import { run } from './program.ts';
import { root } from './server-process.ts';

const machine = (): Record<string, string> => withoutOurs(process.env);

/** Not every clone has tags. */
const names = ['refs/tags/v0.1.0', '013855b6349d6b99757dcd43ba2fc0463666728d'];

/**
 * @param folder is made
 * @param history the clone to take it from
 * @throws Error with what to do when it is not in the history
 */
export async function unpackFirstVersion(folder: string, history = root): Promise<void> {
  const commit = await firstCommit(history);
  mkdirSync(folder);
  const archive = `${folder}.tar`;
  await must(run('git', ['archive', '--output', archive, commit], { cwd: history, env: machine() }));
  await must(run('tar', ['-xf', archive, '-C', folder], { env: machine() }));
}

/** Its packages, its program and its images are made too, as its `scripts/setup` does. @returns the folder */
export async function setUpFirstVersion(folder: string): Promise<string> {
  await unpackFirstVersion(folder);
  const env = { ...machine(), TWELVE_ENGINE: engineSocket, TWELVE_NO_LINK: '1' };
  await must(run(join(folder, 'scripts', 'setup'), ['--no-container'], { cwd: folder, env }));
  return folder;
}

async function firstCommit(history: string): Promise<string> {
  for (const name of names) {
    const asked = ['rev-parse', '--verify', '--quiet', `${name}^{commit}`];
    const found = await run('git', asked, { cwd: history, env: machine() });
    if (found.status === 0) return found.stdout.trim();
  }
  throw new Error(
    `The first version (${names.join(', commit ')}) is not in the history of ${history}. Fetch the history: git fetch --unshallow --tags`,
  );
}
