// Log drains: where an app's log stream is sent to.
import type { App } from '../domain/app.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import {
  type DrainStatus,
  isEncrypted,
  type LogDrain,
  parseDrainUrl,
  shownDrainUrl,
} from '../domain/log-drain.ts';
import { requireStill } from './apps.ts';
import type { Caller, Platform } from './context.ts';

/** Each is a reader of the app's log and a connection. */
const mostPerApp = 20;

export interface DrainAndStatus {
  drain: LogDrain;
  /** null while the log router does not know. */
  status: DrainStatus | null;
}

/**
 * What the app prints from the answer on is sent there.
 * @throws PlatformError `invalid_params` for a URL that is none, leads to where nothing is sent, or is the app's already
 */
export async function addDrain(
  platform: Platform,
  app: App,
  caller: Caller,
  wanted: { url: string; insecure: boolean },
): Promise<DrainAndStatus> {
  const { store, logs } = platform;
  const url = wanted.url.trim();
  const address = parseDrainUrl(url);
  if (wanted.insecure && !isEncrypted(address.kind))
    throw new PlatformError(
      'invalid_params',
      `A ${address.kind}:// drain has no certificate to be insecure about.`,
    );
  await platform.resolveDrain(address.url);
  const drain = store.transaction(() => {
    // It may have been destroyed while the address was looked up.
    requireStill(platform, app);
    const known = store.logDrains.ofApp(app.id);
    if (known.some((one) => one.url === url))
      throw new PlatformError('invalid_params', `${app.name} has this drain already: ${shownDrainUrl(url)}.`);
    if (known.length >= mostPerApp)
      throw new PlatformError(
        'invalid_params',
        `${app.name} has ${mostPerApp} drains, which is as many as an app can have. A receiver can pass lines on to others.`,
      );
    return store.logDrains.add(app.id, { url, insecure: wanted.insecure });
  });
  logs.openDrain(drain);
  say(platform, app, `Log drain ${shownDrainUrl(url)} (${drain.token}) added by user ${caller.user.email}`);
  return withStatus(platform, app, drain);
}

/** By id, token or URL. Nothing is sent there from the answer on. @throws PlatformError `not_found` */
export async function removeDrain(
  platform: Platform,
  app: App,
  caller: Caller,
  which: string,
): Promise<DrainAndStatus> {
  const drain = findDrain(platform, app, which);
  const last = await withStatus(platform, app, drain);
  platform.store.logDrains.remove(drain.id);
  await platform.logs.removeDrain(drain.id);
  const shown = shownDrainUrl(drain.url);
  say(platform, app, `Log drain ${shown} (${drain.token}) removed by user ${caller.user.email}`);
  return last;
}

export async function drainsOf(platform: Platform, app: App): Promise<DrainAndStatus[]> {
  const known = await platform.logs.drainsOf(app.id).catch(() => []);
  return platform.store.logDrains
    .ofApp(app.id)
    .map((drain) => ({ drain, status: known.find(({ id }) => id === drain.id) ?? null }));
}

/** @throws PlatformError `not_found`, or `conflict` when several are shown as this one */
export function findDrain(platform: Platform, app: App, which: string): LogDrain {
  const all = platform.store.logDrains.ofApp(app.id);
  const exact = all.find((one) => [one.id, one.token, one.url].includes(which.trim()));
  if (exact) return exact;
  const shown = all.filter((one) => shownDrainUrl(one.url) === which.trim());
  if (shown.length === 1) return shown[0]!;
  if (shown.length > 1)
    throw new PlatformError(
      'conflict',
      `${shown.length} drains of ${app.name} are shown as this URL. Name one by its token: "twelve drains" lists them.`,
    );
  throw notFound('log_drain', `${app.name} has no such log drain. "twelve drains" lists those it has.`);
}

export async function withStatus(platform: Platform, app: App, drain: LogDrain): Promise<DrainAndStatus> {
  const known = await drainsOf(platform, app);
  return known.find((one) => one.drain.id === drain.id) ?? { drain, status: null };
}

function say({ logs }: Platform, app: App, text: string): void {
  logs.write(app.id, { source: 'twelve', process: 'api', text });
}
