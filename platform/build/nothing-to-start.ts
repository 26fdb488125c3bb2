// Why a tree that was built has nothing to start: pages that nobody serves, a Procfile that is not in the root, or neither.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlatformError } from '../domain/errors.ts';
import { noStartCommand, procfileBelow } from './failures.ts';

/**
 * A site that was built is the likelier cause than a Procfile of something else further in.
 * @param names of the buildpacks that were used
 * @param from what named them; null: they were found by looking at the source
 * @param project that PROJECT_PATH names; null: the root
 */
export async function nothingToStart(
  tree: string,
  names: readonly string[],
  from: string | null,
  project: string | null,
): Promise<PlatformError> {
  const built = await staticFolder(tree);
  const below = built === null ? await foldersWithProcfile(tree) : [];
  return below.length === 0 ? noStartCommand(names, from, built) : procfileBelow(below, project);
}

/** Where a front-end build put its pages, if it did. */
async function staticFolder(tree: string): Promise<string | null> {
  for (const name of ['dist', 'build', 'out']) {
    const files: string[] = await readdir(join(tree, name)).catch(() => []);
    if (files.includes('index.html')) return name;
  }
  return null;
}

/** Folders of others, of what is made, or of what only shows or tries something: their Procfile is not the one that is missed. */
const notTheApp =
  /^(\..*|node_modules|vendor|third[-_]?party|bower_components|site-packages|dist|build|out|target|coverage|tmp|__.*__|testdata|((e2e|unit|integration)[-_]?)?tests?|spec|specs|e2e|fixtures?|mocks?|examples?|samples?|demos?|docs?|templates?|benchmarks?|bench|buildpacks?)$/i;

/** Those nearest to the root that have one, two levels deep. */
export async function foldersWithProcfile(tree: string): Promise<string[]> {
  const foldersIn = async (folder: string): Promise<string[]> => {
    const entries = await readdir(join(tree, folder), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && !notTheApp.test(entry.name));
    return folders.map((entry) => join(folder, entry.name)).sort();
  };
  const hasProcfile = async (folder: string): Promise<boolean> => {
    const entries = await readdir(join(tree, folder), { withFileTypes: true });
    return entries.some((entry) => entry.name === 'Procfile' && entry.isFile());
  };
  let level = await foldersIn('');
  for (let depth = 1; depth <= 2; depth++) {
    const has = await Promise.all(level.map(hasProcfile));
    const found = level.filter((_, index) => has[index]);
    if (found.length > 0) return found;
    level = (await Promise.all(level.map(foldersIn))).flat();
  }
  return [];
}
