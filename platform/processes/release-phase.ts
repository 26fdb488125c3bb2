// The `release` process type: runs once in the new image before anything is switched; failing it fails the release.
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { PlatformError } from '../domain/errors.ts';
import { defaultSizeName, findSize } from '../domain/formation.ts';
import { maxLineBytes } from '../domain/log-line.ts';
import { settingsOf } from '../domain/process-settings.ts';
import { runsReleaseCommand } from '../domain/release.ts';
import { timeLimit } from '../domain/time-limit.ts';
import { label, ownLabels } from '../engine/labels.ts';
import { processSpec } from './container.ts';
import type { FromSlug } from './from-slug.ts';
import type { ProcessNeeds } from './needs.ts';
import type { Networks } from './network.ts';
import type { Runnable } from './tracked.ts';

/**
 * Runs it once: where an earlier server that was killed began it, its container is waited for, or already tells the end.
 * @param servingSlugId slug of the release that serves now
 * @throws PlatformError `release_failed` with its exit status and last lines
 */
export async function runReleasePhase(
  appId: string,
  runnable: Runnable,
  servingSlugId: string | null,
  needs: ProcessNeeds & { networkOf: Networks; fromSlug: FromSlug },
  signal: AbortSignal,
): Promise<void> {
  const command = runnable.types['release'];
  const settings = settingsOf(needs.store.processSettings.of(appId), runnable.slug.declared.settings);
  if (command === undefined || !runsReleaseCommand(runnable.release, servingSlugId, settings)) return;
  const { engine, logs } = needs;
  const found = await earlier(appId, runnable, needs);
  const { id, printed } = found
    ? { id: found, printed: Promise.resolve() }
    : await begin(appId, runnable, command, needs);
  const output = await engine.inspect(id);
  if (output.logPath)
    logs.follow({ id, appId, process: 'release.1', logPath: output.logPath, release: runnable.version });
  // Counted from its start: one that an earlier server began has had a part of its time.
  const since = found && output.startedAt ? Date.now() - Date.parse(output.startedAt) : 0;
  const limit = timeLimit(Math.max(0, needs.releasePhaseTimeoutMs - since));
  try {
    const code = await engine.wait(id, { signal: AbortSignal.any([signal, limit]) });
    // Its output first; a child that outlives it may hold the stream open: then not for ever.
    await Promise.race([printed, new Promise((resolve) => setTimeout(resolve, 2000))]);
    const lines = await engine.lastLines(id, 20);
    say(appId, runnable, needs, `Process exited with status ${code}`);
    say(appId, runnable, needs, `State changed from up to ${code === 0 ? 'complete' : 'crashed'}`);
    if (code !== 0) {
      throw new PlatformError(
        'release_failed',
        `The release command exited with status ${code}, so v${runnable.version} was not started.`,
        { process: 'release.1', lastLines: lines },
      );
    }
  } catch (error) {
    if (limit.aborted && !signal.aborted) {
      throw new PlatformError(
        'release_failed',
        `The release command did not end within ${inWords(needs.releasePhaseTimeoutMs)}, so v${runnable.version} was not started. What takes longer runs beside releases: twelve run:detached`,
        { process: 'release.1', lastLines: await engine.lastLines(id, 20).catch(() => []) },
      );
    }
    throw error;
  }
}

function inWords(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}

/** Removes what `runReleasePhase` left, once the release has ended: until then it shows that the command ran. */
export async function removeReleaseContainers(
  appId: string,
  releaseId: string,
  needs: ProcessNeeds & { networkOf: Networks },
): Promise<void> {
  const { engine, logs } = needs;
  const left = await engine.list({
    ...ownLabels(needs.instance, 'release'),
    [label.app]: appId,
    [label.releaseId]: releaseId,
  });
  for (const { id } of left) {
    await engine.stop(id, { graceSeconds: needs.stopGraceMs / 1000 });
    await logs.drained(id);
    await engine.remove(id);
  }
  // Nothing else of the app may run: scaled to none, or its first release failed.
  if (left.length > 0) await needs.networkOf.remove(appId);
}

async function earlier(appId: string, runnable: Runnable, needs: ProcessNeeds): Promise<string | undefined> {
  const found = await needs.engine.list({
    ...ownLabels(needs.instance, 'release'),
    [label.app]: appId,
    [label.releaseId]: runnable.release.id,
  });
  const started = found.find((container) => container.state !== 'created');
  for (const other of found) if (other !== started) await needs.engine.remove(other.id);
  return started?.id;
}

async function begin(
  appId: string,
  runnable: Runnable,
  command: string,
  needs: ProcessNeeds & { networkOf: Networks; fromSlug: FromSlug },
): Promise<{ id: string; printed: Promise<unknown> }> {
  const { engine, store } = needs;
  const app = store.apps.byId(appId);
  if (!app) throw new PlatformError('release_failed', 'The app was destroyed.');
  const size = store.formations.of(appId).find((entry) => entry.type === 'release')?.size ?? defaultSizeName;
  const id = await needs.networkOf.within(app, (network) =>
    needs.fromSlug.create(runnable.slug, (image) =>
      processSpec({
        instance: needs.instance,
        kind: 'release',
        appId,
        appName: app.name,
        id: randomUUID(),
        type: 'release',
        name: 'release.1',
        command,
        size: findSize(size, needs.sizes),
        version: runnable.version,
        releaseId: runnable.release.id,
        commit: runnable.slug.commit,
        image,
        network,
        config: runnable.config,
        attempt: 0,
      }),
    ),
  );
  say(appId, runnable, needs, `Starting process with command \`${command}\``);
  const { stream, stderr } = await engine.attach(id, { stdin: false, tty: false });
  const printed = Promise.all(
    (stderr ? [stream, stderr] : [stream]).map((part) =>
      readLines(part, (line) => needs.onReleaseOutput(runnable.release, line)),
    ),
  );
  await engine.start(id);
  say(appId, runnable, needs, 'State changed from starting to up');
  return { id, printed };
}

function say(appId: string, { version }: Runnable, { logs }: ProcessNeeds, text: string): void {
  logs.write(appId, { source: 'twelve', process: 'release.1', text, release: version });
}

/** Lines as they come, cut where one never ends. Resolves at the end of the stream. */
function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  return new Promise((resolve) => {
    const end = (): void => {
      if (rest !== '') onLine(rest);
      rest = '';
      resolve();
    };
    stream.on('data', (text: string) => {
      const lines = `${rest}${text}`.split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line.slice(0, maxLineBytes));
      while (rest.length > maxLineBytes) {
        onLine(rest.slice(0, maxLineBytes));
        rest = rest.slice(maxLineBytes);
      }
    });
    stream.once('end', end).once('close', end).once('error', end);
  });
}

/** At start: removes release processes that no release waits for any more. */
export async function sweepReleaseContainers(needs: ProcessNeeds & { networkOf: Networks }): Promise<void> {
  const { engine, store } = needs;
  for (const container of await engine.list(ownLabels(needs.instance, 'release'))) {
    const appId = container.labels[label.app] ?? '';
    const releaseId = container.labels[label.releaseId] ?? '';
    const newest = store.apps.byId(appId) ? store.releases.newest(appId) : undefined;
    if (newest?.status === 'pending' && newest.id === releaseId) continue;
    await removeReleaseContainers(appId, releaseId, needs);
  }
}
