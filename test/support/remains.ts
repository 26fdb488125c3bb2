// What nothing may leave on the platform's disk: half of what a killed server or git was writing.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths in a data folder that are there only while a push, a build or a pull is under way; what is ready for the next build is none. */
export async function remainsIn(dataFolder: string, readyBuilds: number): Promise<string[]> {
  const named = async (folder: string, pattern: RegExp, recursive = false): Promise<string[]> => {
    const names = await readdir(join(dataFolder, folder), { recursive }).catch(() => []);
    return names.filter((name) => pattern.test(name)).map((name) => join(folder, name));
  };
  const repositories = await named('git', /^[\w-]+\.git$/);
  const found = await Promise.all([
    named('git', /\.git\.new-/),
    named(join('git', 'fetching'), /./),
    named(join('blobs', 'incoming'), /./),
    named('cache', /\.new$/, true),
    ...repositories.flatMap((repository) => [
      named(repository, /^deploying-|\.lock$/),
      named(join(repository, 'refs'), /\.lock$/, true),
      named(join(repository, 'objects'), /^tmp_|^pack\/tmp_/, true),
    ]),
  ]);
  const work = await named('work', /./);
  return [...found.flat(), ...(work.length > readyBuilds ? work : [])];
}
