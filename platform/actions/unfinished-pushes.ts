// Pushes that a killed server left between their release and their branch: the branch follows the release.
import type { App } from '../domain/app.ts';
import { messageOf } from '../domain/errors.ts';
import type { Release } from '../domain/release.ts';
import type { Unfinished } from '../git/git.ts';
import type { Platform } from './context.ts';
import { collectGarbage } from './garbage.ts';
import { carries, followRelease } from './release.ts';

/**
 * At start, before anybody can push. What cannot be done for one app waits for the next start; its pushes go on. Where the release is still pending, its app stays claimed until that has ended, as if
 * the push went on; what is left to do then is done when `signal` is not aborted by then.
 */
export async function finishPushes(platform: Platform, signal: AbortSignal): Promise<void> {
  await Promise.all(
    platform.store.apps.list().map(async (app) => {
      try {
        const left = await platform.git.unfinished(app.id);
        if (left.length > 0) await finish(platform, app, left, signal);
      } catch (error) {
        tell(platform, app, error);
      }
    }),
  );
}

async function finish(
  platform: Platform,
  app: App,
  left: readonly Unfinished[],
  signal: AbortSignal,
): Promise<void> {
  const release = platform.store.releases.list(app.id).find((one) => one.cause === 'push');
  const push = left.find((one) => one.commit === release?.commit);
  // Of the others no release was made, or a later push took their place.
  for (const other of left) if (other !== push) await other.forget();
  if (!release || !push) return;
  if (release.status !== 'pending') return settle(platform, app, push, release, signal);
  const who = platform.store.users.byId(release.userId)?.email ?? 'Somebody';
  const claim = platform.claims.take(app, who);
  void settle(platform, app, push, release, signal)
    .catch((error: unknown) => {
      if (!signal.aborted) tell(platform, app, error);
    })
    .finally(() => {
      claim.release();
      // As after any deploy: its slug goes when its release failed.
      if (!signal.aborted) void collectGarbage(platform, app.id);
    });
}

async function settle(
  platform: Platform,
  app: App,
  push: Unfinished,
  release: Release,
  signal: AbortSignal,
): Promise<void> {
  const ended = await followRelease(platform, release, signal);
  if (!platform.store.apps.byId(app.id)) return;
  if (carries(ended, release)) await platform.git.moveBranch(app.id, push);
  await push.forget();
}

function tell(platform: Platform, app: App, error: unknown): void {
  platform.log.warn({ app: app.name, error: messageOf(error) }, 'a push that was cut off');
}
