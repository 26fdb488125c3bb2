// What is done to builds from outside: cancelled, and their app's cache purged.
import type { App } from '../domain/app.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Caller, Platform } from './context.ts';

/** Resolves when it has ended. @throws PlatformError `conflict`: it has ended already, or its release exists */
export async function cancelBuild(platform: Platform, buildId: string, caller: Caller): Promise<void> {
  const ending = platform.running.cancel(buildId, caller.user.email);
  if (ending) return await ending;
  const status = platform.store.builds.byId(buildId)?.status ?? 'failed';
  throw new PlatformError('conflict', `This build has ${status} already; there is nothing to cancel.`);
}

/** The app's next build begins with an empty cache. @throws PlatformError `conflict`: a build would bring its own back */
export async function purgeCache(platform: Platform, app: App, caller: Caller): Promise<void> {
  const claim = platform.claims.take(app, caller.user.email);
  try {
    await platform.builder.purgeCache(app.id);
  } finally {
    claim.release();
  }
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Build cache purged by user ${caller.user.email}`,
  });
}
