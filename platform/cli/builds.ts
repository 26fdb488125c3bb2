// Builds as commands meet them: which one is meant, and following one to the end of its release.
import { appPath, type Call } from './command.ts';
import { CliError, isInterrupt } from './errors.ts';
import { followVersion, notApplied } from './follow.ts';
import { streamOutput } from './output-stream.ts';
import { patiently, sleep } from './patience.ts';
import type { Build, Release } from './v3.ts';

/** What it prints, then its release until that serves. @throws CliError when either failed */
export async function followToRelease(call: Call, app: string, build: Build): Promise<void> {
  const ended = await followBuild(call, app, build);
  if (ended.status === 'failed' || !ended.release)
    throw new CliError(`The build failed. What serves goes on.`);
  const release = await call.api().get<Release>(`${appPath(app)}/releases/${ended.release.id}`);
  if (release.status === 'failed') throw new CliError(notApplied({ ...release, reason: null }));
  await call.out.during(`Releasing v${release.version} of ${app}`, (action) =>
    followVersion(call, app, release.version, action),
  );
}

async function followBuild(call: Call, app: string, build: Build): Promise<Build> {
  try {
    await streamOutput(call, build.output_stream_url, true);
    return await endedBuild(call, app, build);
  } catch (error) {
    if (isInterrupt(error))
      call.out.notice(
        `The build goes on without us. See what becomes of it: twelve builds:output -a ${app}. End it: twelve builds:cancel -a ${app}`,
      );
    throw error;
  }
}

/** The output ends a moment before or after the build's own record says so. */
export async function endedBuild(call: Call, app: string, build: Build): Promise<Build> {
  for (;;) {
    const current = await patiently(() => call.api().get<Build>(`${appPath(app)}/builds/${build.id}`), {
      signal: call.signal,
      notice: call.out.notice,
    });
    if (current.status !== 'pending') return current;
    await sleep(250, call.signal);
  }
}

export async function findBuild(call: Call, app: string): Promise<Build> {
  const [id] = call.words;
  if (id) return await call.api().get<Build>(`${appPath(app)}/builds/${encodeURIComponent(id)}`);
  const [newest] = await newestBuilds(call, app, 1);
  if (!newest) throw new CliError(`${app} has no builds yet. Deploy it: git push platform main`);
  return newest;
}

export function newestBuilds(call: Call, app: string, limit: number): Promise<Build[]> {
  return call.api().list<Build>(`${appPath(app)}/builds`, { field: 'created_at', order: 'desc', limit });
}

export function commitOf(build: Build): string {
  return (build.source_blob.version ?? '').slice(0, 8);
}
