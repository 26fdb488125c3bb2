// Cron entries of an app: run one now, suspend and resume them.
import type { App } from '../domain/app.ts';
import type { CronStatus } from '../domain/cron.ts';
import { PlatformError } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import { type Cron, createCron, findEntry } from '../processes/cron.ts';
import type { Caller, Platform } from './context.ts';
import { runOneOff } from './run.ts';

/** What is due runs as `twelve run` would run it, of the release that serves then. */
export function cronOf(platform: Pick<Platform, 'store' | 'logs' | 'oneOffs' | 'log'>): Cron {
  const { store, logs, oneOffs, log } = platform;
  return createCron({
    store,
    logs,
    start: (app, { command }, cron) =>
      runOneOff(platform, app, { command, env: {}, attach: false, tty: false, window: null, cron }),
    started: oneOffs.ofCron,
    stop: oneOffs.stop,
    now: Date.now,
    onProblem: (message) => log.warn(message),
  });
}

/** Also one that is suspended, and in maintenance mode: somebody wants it. @throws PlatformError `not_found`, `conflict` */
export async function runCron(
  platform: Platform,
  app: App,
  caller: Caller,
  entryId: string,
): Promise<ProcessStatus> {
  const started = await platform.cron.run(app, entryId);
  say(platform, app, `Cron entry ${entryId} run by user ${caller.user.email}`);
  return started;
}

/**
 * @param entryId null: all of the app's, also those of releases to come
 * @throws PlatformError `not_found`; `conflict` when one is resumed while all are suspended
 */
export function suspendCron(
  platform: Platform,
  app: App,
  caller: Caller,
  entryId: string | null,
  suspended: boolean,
): CronStatus[] {
  const { store, cron } = platform;
  if (entryId === null) store.transaction(() => store.cron.suspendAll(app.id, suspended));
  else {
    findEntry(
      app,
      cron.status(app).map(({ entry }) => entry),
      entryId,
    );
    if (!suspended && store.cron.isSuspended(app.id))
      throw new PlatformError(
        'conflict',
        `All cron entries of ${app.name} are suspended. Resume them first: twelve cron:resume -a ${app.name}`,
      );
    store.cron.suspend(app.id, entryId, suspended);
  }
  cron.changed(app.id);
  const what = entryId === null ? 'All cron entries' : `Cron entry ${entryId}`;
  say(platform, app, `${what} ${suspended ? 'suspended' : 'resumed'} by user ${caller.user.email}`);
  return cron.status(app);
}

function say({ logs }: Platform, app: App, text: string): void {
  logs.write(app.id, { source: 'twelve', process: 'api', text });
}
