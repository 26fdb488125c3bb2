// builds: the list, what one printed, and building the deployed commit again.
import { appFlags, type Call, type Command, jsonFlag } from '../command.ts';
import { CliError, isInterrupt } from '../errors.ts';
import { followVersion, notApplied } from '../follow.ts';
import { streamOutput } from '../output-stream.ts';
import { patiently, sleep } from '../patience.ts';
import { localTime, timeAndAge } from '../terminal-text.ts';
import type { Build, Release } from '../v3.ts';

const pathOf = (app: string): string => `/apps/${encodeURIComponent(app)}`;

const list: Command = {
  name: 'builds',
  usage: 'builds',
  summary: "list an app's builds, newest first",
  example: 'twelve builds -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const builds = await newestBuilds(call, app, 15);
    if (call.on('json')) return call.out.json(builds);
    if (builds.length === 0)
      return call.out.line(`${app} has no builds yet. Deploy it: git push platform main`);
    call.out.heading(`${app} Builds`);
    call.out.line();
    call.out.table(
      builds.map((build) => [
        build.id,
        build.status,
        commitOf(build),
        build.user.email,
        timeAndAge(build.created_at),
      ]),
    );
  },
};

const info: Command = {
  name: 'builds:info',
  usage: 'builds:info [build]',
  summary: 'show a build (default: the newest)',
  example: 'twelve builds:info -a hello',
  flags: { ...appFlags, ...jsonFlag },
  async run(call) {
    const app = await call.app();
    const build = await findBuild(call, app);
    if (call.on('json')) return call.out.json(build);
    call.out.heading(`Build ${build.id}`);
    call.out.table(
      [
        ['Status:', build.status],
        ['Commit:', [commitOf(build), build.source_blob.version_description].filter(Boolean).join(' ')],
        ['By:', build.user.email],
        ['When:', localTime(build.created_at)],
        ['Buildpacks:', build.buildpacks.map((buildpack) => buildpack.name).join(', ')],
        ['Release:', build.release?.id ?? ''],
      ].filter(([, value]) => value),
    );
  },
};

const output: Command = {
  name: 'builds:output',
  usage: 'builds:output [build]',
  summary: 'show what a build printed (default: the newest); follows one that runs',
  example: 'twelve builds:output -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.app();
    const build = await findBuild(call, app);
    await streamOutput(call, build.output_stream_url, build.status === 'pending');
    const after = build.status === 'pending' ? await endedBuild(call, app, build) : build;
    if (after.status === 'failed') throw new CliError(`Build ${build.id} failed.`);
  },
};

const redeploy: Command = {
  name: 'redeploy',
  usage: 'redeploy',
  summary: 'build and release the deployed commit again',
  example: 'twelve redeploy -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.app();
    const build = await call.out.during(
      `Redeploying ${app}`,
      () => call.api().send<Build>('POST', `${pathOf(app)}/actions/redeploy`),
      commitOf,
    );
    const ended = await followBuild(call, app, build);
    if (ended.status === 'failed' || !ended.release)
      throw new CliError(`The build failed. What serves goes on.`);
    const release = await call.api().get<Release>(`${pathOf(app)}/releases/${ended.release.id}`);
    if (release.status === 'failed') throw new CliError(notApplied({ ...release, reason: null }));
    await call.out.during(`Releasing v${release.version} of ${app}`, (action) =>
      followVersion(call, app, release.version, action),
    );
  },
};

async function followBuild(call: Call, app: string, build: Build): Promise<Build> {
  try {
    await streamOutput(call, build.output_stream_url, true);
    return await endedBuild(call, app, build);
  } catch (error) {
    if (isInterrupt(error))
      call.out.notice(`The build goes on without us. See what becomes of it: twelve builds:output -a ${app}`);
    throw error;
  }
}

/** The output ends a moment before or after the build's own record says so. */
async function endedBuild(call: Call, app: string, build: Build): Promise<Build> {
  for (;;) {
    const current = await patiently(() => call.api().get<Build>(`${pathOf(app)}/builds/${build.id}`), {
      signal: call.signal,
      notice: call.out.notice,
    });
    if (current.status !== 'pending') return current;
    await sleep(250, call.signal);
  }
}

async function findBuild(call: Call, app: string): Promise<Build> {
  const [id] = call.words;
  if (id) return await call.api().get<Build>(`${pathOf(app)}/builds/${encodeURIComponent(id)}`);
  const [newest] = await newestBuilds(call, app, 1);
  if (!newest) throw new CliError(`${app} has no builds yet. Deploy it: git push platform main`);
  return newest;
}

function newestBuilds(call: Call, app: string, limit: number): Promise<Build[]> {
  return call.api().list<Build>(`${pathOf(app)}/builds`, { field: 'created_at', order: 'desc', limit });
}

function commitOf(build: Build): string {
  return (build.source_blob.version ?? '').slice(0, 8);
}

export const commands: readonly Command[] = [list, info, output, redeploy];
