// What the pusher reads at the end: how the release took over, or why not.
import { createLineFilter } from '../build/output.ts';
import { createMask } from '../build/secrets.ts';
import type { App } from '../domain/app.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { ProcessTypes } from '../domain/procfile.ts';
import type { Release } from '../domain/release.ts';
import { steadyMs } from '../domain/time-limit.ts';
import { webUrl } from './apps.ts';
import type { Platform } from './context.ts';
import type { DeployOrder } from './deploy.ts';
import { storeFailure } from './failed-builds.ts';
import { carries, followRelease, whatServes } from './release.ts';

const silenceMs = 120_000;

/** Follows the release to its end. @throws PlatformError `release_failed` when it is not what serves */
export async function announce(
  platform: Platform,
  app: App,
  release: Release,
  order: DeployOrder,
  write: (line: string) => void,
): Promise<void> {
  write(`-----> Releasing v${release.version}`);
  for (const line of await whatIsMissing(platform, app, release)) write(` !     ${line}`);
  const phase = new AbortController();
  const forward = forwardReleaseOutput(platform, release, write, phase.signal);
  const ended = await followRelease(platform, release, new AbortController().signal).finally(() =>
    phase.abort(),
  );
  await forward;
  if (ended.status !== 'succeeded') {
    throw new PlatformError(
      'release_failed',
      `${ended.reason ?? 'no reason was kept'}\nNot applied: v${ended.version} ${ended.status}, ${whatServes(platform, app.id)}.`,
      { released: true },
    );
  }
  if (!carries(ended, release)) {
    throw new PlatformError(
      'release_failed',
      `Not applied: v${release.version} was superseded by v${ended.version} (${ended.description}), which does not carry this code.`,
      { released: true },
    );
  }
  if (ended.id !== release.id)
    write(`       v${release.version} was superseded by v${ended.version}, which carries it`);
  const types = platform.store.slugs.byId(release.slugId ?? '')?.processTypes ?? {};
  const formation = platform.store.formations.of(app.id).filter((entry) => entry.quantity > 0);
  for (const line of dropped(platform, app, release, types)) write(line);
  write(
    formation.some((entry) => entry.type === 'web' && Object.hasOwn(types, 'web'))
      ? `       ${webUrl(platform, app)} deployed`
      : `       deployed; no web process is scaled up`,
  );
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `${order.description} succeeded`,
  });
}

/** Of what the release takes over from. */
async function whatIsMissing({ processes }: Platform, app: App, { version }: Release): Promise<string[]> {
  const missing = await processes.missing(app.id, new AbortController().signal);
  return missing ? [missing, `What still runs of it goes on until v${version} has taken over.`] : [];
}

/** Types that ran in what served before. How many is kept, for a rollback or until a Procfile declares them again. */
function dropped(platform: Platform, app: App, release: Release, types: ProcessTypes): string[] {
  const { releases, slugs, formations } = platform.store;
  const before = slugs.byId(releases.servedBefore(app.id, release.version)?.slugId ?? '')?.processTypes ?? {};
  return formations
    .of(app.id)
    .filter(
      ({ type, quantity }) => quantity > 0 && Object.hasOwn(before, type) && !Object.hasOwn(types, type),
    )
    .map(({ type, quantity }) => {
      const stopped = quantity === 1 ? 'its process was' : `its ${quantity} processes were`;
      return ` !     ${type} is not declared any more: ${stopped} stopped. As many run again once a Procfile declares it.`;
    });
}

/** What the release command prints, to the pusher as it comes. */
async function forwardReleaseOutput(
  platform: Platform,
  release: Release,
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const slug = platform.store.slugs.byId(release.slugId ?? '');
  if (!slug || slug.processTypes['release'] === undefined) return;
  write('-----> Running release command');
  const filter = createLineFilter(createMask(platform.store.releases.config(release)));
  platform.outputs.open(release.id);
  let last = steadyMs();
  // A command may be silent for long; the pusher's connection may not.
  const heart = setInterval(() => {
    if (steadyMs() - last > silenceMs) write('       … the release command is still running');
  }, silenceMs);
  try {
    for await (const line of platform.outputs.read(release.id, signal) ?? []) {
      last = steadyMs();
      write(`       ${filter(line.trimEnd())}`);
    }
  } finally {
    clearInterval(heart);
  }
}

/** The same failure, marked as told to the pusher already. */
export function shown(error: unknown): PlatformError {
  const code = error instanceof PlatformError ? error.code : 'internal_server_error';
  const details = error instanceof PlatformError ? error.details : {};
  return new PlatformError(code, messageOf(error), { ...details, shown: true }, { cause: error });
}

export function isShown(error: unknown): boolean {
  return error instanceof PlatformError && error.details['shown'] === true;
}

/** Who cannot get a buildpack may have changed nothing: that what is released does not need it has to be said (E3). */
function whatStays(platform: Platform, app: App, { details, message }: PlatformError): string {
  const version = platform.store.apps.byId(app.id)?.servingVersion ?? null;
  if (details['id'] !== 'E3' || version === null) return '';
  // Some end with a URL, to be copied.
  return `${message.endsWith('.') ? ' ' : '\n'}The app still uses release v${version}.`;
}

/** The end of a failed deploy as the pusher reads it. @returns when the build's record has it too; undefined: by now */
export function explain(
  platform: Platform,
  app: App,
  buildId: string,
  error: unknown,
  write: (line: string) => void,
): Promise<void> | undefined {
  const known = error instanceof PlatformError;
  if (!known) platform.log.error({ error, app: app.name, build: buildId }, 'deploy failed unexpectedly');
  const sentence = known
    ? error.message + whatStays(platform, app, error)
    : `The platform failed: ${messageOf(error)}. The server's log has more.`;
  for (const line of sentence.split('\n')) write(` !     ${line}`);
  const released = known && error.details['released'] === true;
  if (released) return undefined;
  const stored = storeFailure(platform, buildId, sentence);
  const id = known && typeof error.details['id'] === 'string' ? ` (${error.details['id']})` : '';
  const ended = known && error.code === 'cancelled' ? 'cancelled' : 'failed';
  write(` !     Build ${ended}${id}: ${whatServes(platform, app.id)}.`);
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Build ${ended} -- check your build output: twelve builds:output ${buildId}`,
  });
  return stored;
}
