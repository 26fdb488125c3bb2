// What makes the first push quick and keeps the disk tidy, while visitors are served already.
import { messageOf } from '../domain/errors.ts';
import { raiseUserLimits } from '../engine/user-limits.ts';
import { finishDestroying } from './apps.ts';
import { clearBackup } from './backup.ts';
import type { Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';
import { watchSpace } from './space-watch.ts';

/**
 * At start, in the background, each part whatever becomes of the others. Never throws.
 * @param signal ends what goes on after it
 */
export async function prepare(platform: Platform, signal: AbortSignal): Promise<void> {
  const attempt = (what: string, work: () => Promise<unknown>): Promise<unknown> =>
    work().catch((error: unknown) => platform.log.warn({ error: messageOf(error) }, what));
  await raiseUserLimits({ onProblem: (message) => platform.log.warn(message) });
  await attempt('preparing the network of builds', platform.builder.prepare);
  await attempt('hanging up what was left behind', platform.inside.sweep);
  await attempt('clearing away destroyed apps', () => finishDestroying(platform));
  await attempt('clearing away a backup that was cut off', () => clearBackup(platform));
  await attempt('preparing the stack', async () => platform.slugs.prime(await platform.stackImage()));
  await attempt('collecting garbage', () => collectGarbage(platform));
  watchSpace(platform, signal);
}
