// builds: the list, what one printed, and building the deployed commit again.
import { commitOf, endedBuild, findBuild, followToRelease, newestBuilds } from '../builds.ts';
import { appFlags, appPath, type Command, jsonFlag } from '../command.ts';
import { CliError } from '../errors.ts';
import { streamOutput } from '../output-stream.ts';
import { localTime, span, timeAndAge } from '../terminal-text.ts';
import type { Build } from '../v3.ts';

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
        tookOf(build),
      ]),
    );
  },
};

/** Nothing for one that has not ended, or that an older server built. */
const tookOf = ({ duration }: Build): string => (duration == null ? '' : span(duration));

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
        ['Took:', tookOf(build)],
        ['Buildpacks:', build.buildpacks.map((buildpack) => buildpack.name).join(', ')],
        ['Source:', build.source_blob.url.endsWith('.git') ? '' : build.source_blob.url],
        ['Reason:', build.reason?.split('\n')[0] ?? ''],
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
  flags: {
    ...appFlags,
    follow: { type: 'boolean', short: 'f', help: 'to its end; a build that runs is followed anyway' },
  },
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
      () => call.api().send<Build>('POST', `${appPath(app)}/actions/redeploy`),
      commitOf,
    );
    await followToRelease(call, app, build);
  },
};

export const commands: readonly Command[] = [list, info, output, redeploy];
