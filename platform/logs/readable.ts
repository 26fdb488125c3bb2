// Whether the engine's log files can be read from here: asked at the start, since apps would print into the void.
import { readdirSync } from 'node:fs';

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
