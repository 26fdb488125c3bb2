// Releases: slug + config + process types under a number that only grows. A rollback is a new release.
import type { ConfigVars } from './config-vars.ts';
import { PlatformError } from './errors.ts';
import type { ProcessSettings } from './process-settings.ts';

/**
 * pending: its rollout has not ended. succeeded: what serves became this. failed: it never took over, `reason` says why.
 * expired: a newer release superseded it before it was switched to (v3's fourth status).
 */
export type ReleaseStatus = 'pending' | 'succeeded' | 'failed' | 'expired';

/** build: of a source that a client gave (`builds:create`). */
export type ReleaseCause = 'create' | 'push' | 'redeploy' | 'build' | 'config' | 'rollback' | 'retry';

export interface Release {
  id: string;
  appId: string;
  version: number;
  /** Null until the first push. */
  slugId: string | null;
  description: string;
  cause: ReleaseCause;
  userId: string;
  commit: string | null;
  createdAt: string;
  status: ReleaseStatus;
  /** Why it failed or expired, in a sentence; null otherwise. */
  reason: string | null;
  statusAt: string;
}

/** What the next release is made from; the caller has the newest that serves or still may, and its config. */
export interface NextRelease {
  version: number;
  slugId: string | null;
  config: ConfigVars;
  cause: ReleaseCause;
  description: string;
  commit: string | null;
}

/**
 * Whether the `release` process type runs before this release takes over: for new code, and where the app asks for it again.
 * @param servingSlugId slug of the release that serves; a config change on top of a push that has not ended carries
 *   code whose release command has not run
 */
export function runsReleaseCommand(
  release: Pick<Release, 'cause' | 'slugId'>,
  servingSlugId: string | null,
  { releaseOn }: Pick<ProcessSettings, 'releaseOn'>,
): boolean {
  if (release.slugId === null) return false;
  if (release.cause === 'rollback') return releaseOn('rollback');
  return release.cause !== 'config' || release.slugId !== servingSlugId || releaseOn('config');
}

/** v3's `eligible_for_rollback`: it served once and its slug can still be run. */
export function eligibleForRollback(release: Release, slugRemoved: boolean): boolean {
  return release.status === 'succeeded' && release.slugId !== null && !slugRemoved;
}

/** @throws PlatformError with the reason why a rollback to `target` is refused */
export function checkRollback(
  target: Release,
  current: Release | undefined,
  slug: 'stored' | 'collected' | 'lost',
): void {
  const name = `v${target.version}`;
  if (target.status === 'failed') {
    throw new PlatformError(
      'invalid_params',
      `${name} failed (${target.reason?.split('\n')[0] ?? 'no reason kept'}) and never served, so there is nothing to go back to. "twelve releases" lists the ones that did.`,
    );
  }
  if (target.status === 'pending' || target.status === 'expired') {
    throw new PlatformError(
      'invalid_params',
      `${name} is ${target.status} and never served, so there is nothing to go back to.`,
    );
  }
  if (current && target.version === current.version) {
    throw new PlatformError('invalid_params', `${name} is the current release already.`);
  }
  if (target.slugId === null) {
    throw new PlatformError(
      'invalid_params',
      `${name} was made before the first push and has no slug to run.`,
    );
  }
  if (slug !== 'stored') {
    const why = slug === 'collected' ? 'was removed by garbage collection' : 'is no longer on the disk';
    throw new PlatformError(
      'gone',
      `The slug of ${name} ${why}. Check out its commit (${target.commit ?? 'unknown'}) and push it.`,
    );
  }
}
