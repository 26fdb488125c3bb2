// What the kernel counts by user: raised, since the programs of all apps are one user to it and one app could use it up for all.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../domain/errors.ts';

/**
 * Each of these takes memory, which the kernel counts to the container that has it: its own limit is reached first. The
 * usual 128 instances of inotify are few for the apps of one machine even where nobody means harm.
 */
const wanted: Readonly<Record<string, number>> = {
  'fs/inotify/max_user_instances': 1_048_576,
  'fs/inotify/max_user_watches': 16_777_216,
  'fs/epoll/max_user_watches': 1_073_741_824,
  // Pages in pipes; over that, each new pipe gets two instead of sixteen. 0: not limited.
  'fs/pipe-user-pages-soft': 0,
};

/** Never lowers one. Never throws. @param onProblem told what could not be raised, and why */
export async function raiseUserLimits({
  onProblem,
  folder = '/proc/sys',
}: {
  onProblem(message: string): void;
  folder?: string;
}): Promise<void> {
  const failed: string[] = [];
  let why = '';
  for (const [name, value] of Object.entries(wanted))
    try {
      const path = join(folder, name);
      const now = Number(await readFile(path, 'utf8'));
      if (now === 0 ? value === 0 : value !== 0 && now >= value) continue;
      await writeFile(path, String(value));
    } catch (error) {
      failed.push(name.replaceAll('/', '.'));
      why = messageOf(error);
    }
  if (failed.length > 0)
    onProblem(
      `One app can use up for all apps what the kernel counts by user (${failed.join(', ')}), since these settings could not be raised: ${why}`,
    );
}
