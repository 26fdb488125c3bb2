// What makes the first push quick and keeps the disk tidy, while visitors are served already.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { raiseUserLimits } from '../engine/user-limits.ts';
import { finishDestroying } from './apps.ts';
import { clearBackup } from './backup.ts';
import type { Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';
import { watchImages } from './images-age.ts';
import { watchSpace } from './space-watch.ts';

const hourMs = 60 * 60 * 1000;

/**
 * At start, in the background, each part whatever becomes of the others. Never throws.
 * @param signal ends what goes on after it
 */
export async function prepare(
  platform: Platform,
  signal: AbortSignal,
  collectEveryMs = hourMs,
): Promise<void> {
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
  void watchImages(platform, signal);
  void collectAgain(platform, signal, collectEveryMs);
}

/** What was too young to go gets older also where nobody deploys. */
async function collectAgain(platform: Platform, signal: AbortSignal, everyMs: number): Promise<void> {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { ref: false, signal }).catch(() => undefined);
    if (!signal.aborted) await collectGarbage(platform);
  }
}
