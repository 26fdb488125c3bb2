// Where the engine's log files are from here, and whether they can be read: asked at the start, since apps would print into the void.
import { readdirSync } from 'node:fs';

/**
 * @param folder where the engine has its containers' files
 * @param seen the same folder as we see it, when we run in a container
 * @returns from a path of the engine's to ours
 */
export function engineFiles(
  folder: string,
  seen: string | null,
  onProblem: (message: string) => void,
): (path: string) => string {
  const problem = whyUnreadable(seen ?? folder);
  if (problem) onProblem(problem);
  return (path) => (seen ? path.replace(folder, () => seen) : path);
}

/**
 * @param folder where the engine keeps its containers' files, as we see it
 * @returns what is wrong, and what to do; undefined when nothing is
 */
export function whyUnreadable(folder: string): string | undefined {
  try {
    readdirSync(folder);
    return undefined;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const what = `What apps print is not in their logs: the engine's files in ${folder}`;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return `${what} are not there. The engine is on another machine, or its folder is seen under another path from here: mount it, and set TWELVE_ENGINE_CONTAINERS to where its folder "containers" is.`;
    if (code === 'EACCES' || code === 'EPERM')
      return `${what} may not be read. Run the server as root, or let its user read that folder.`;
    return `${what} cannot be read (${message}).`;
  }
}
