// What tests look at in the environment that the python buildpack makes.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Of a tree. */
export const environment = '.heroku/python';
/** What a build says that found its environment in the cache. */
export const unchanged = '       The virtual environment comes from the cache, nothing is installed.';

/** Files of the environment that still name the folder of the build. */
export async function leftPaths(tree: string): Promise<string[]> {
  const folder = join(tree, environment);
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !/\.(pyc|so)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(names.map(async (name) => [name, await readFile(name, 'latin1')] as const));
  return texts.filter(([, text]) => text.includes('/tmp/build_')).map(([name]) => name);
}

/** Path and hash of every file: the same packages have to be the same layer. */
export async function contents(tree: string): Promise<string[]> {
  const folder = join(tree, environment);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashed = paths.map(async (path) => {
    const hash = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    return `${relative(folder, path)} ${hash}`;
  });
  return (await Promise.all(hashed)).sort();
}
