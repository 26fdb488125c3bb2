// builds:create, builds:cancel, builds:cache:purge: builds without a push, and what is done to builds.
import { commitOf, findBuild, followToRelease } from '../builds.ts';
import { appFlags, appPath, type Call, type Command } from '../command.ts';
import { CliError, usageError } from '../errors.ts';
import type { Build } from '../v3.ts';

const create: Command = {
  name: 'builds:create',
  usage: 'builds:create',
  summary: 'build and release a source archive (tar, plain or gzip) from a file or an https address',
  example: 'twelve builds:create --source-tar source.tgz -a hello',
  flags: {
    ...appFlags,
    'source-tar': { type: 'string', help: 'the archive is this file' },
    'source-url': { type: 'string', help: 'the server fetches it from this https address' },
    checksum: { type: 'string', help: 'what it has to be: SHA256:<64 hex digits>' },
    version: { type: 'string', help: 'what to call it, such as a commit' },
  },
  async run(call) {
    const [file, url] = [call.text('source-tar'), call.text('source-url')];
    if ((file === undefined) === (url === undefined))
      throw usageError('Say where the source is: --source-tar <file> or --source-url <https address>.');
    const app = await call.app();
    const source = file === undefined ? url! : await sent(call, app, file);
    const build = await call.out.during(
      `Building ${app}`,
      () =>
        call.api().send<Build>('POST', `${appPath(app)}/builds`, {
          source_blob: {
            url: source,
            version: call.text('version') ?? null,
            checksum: call.text('checksum') ?? null,
          },
        }),
      (begun) => commitOf(begun) || begun.id,
    );
    await followToRelease(call, app, build);
  },
};

/** @returns where the server has it */
async function sent(call: Call, app: string, file: string): Promise<string> {
  const { openUpload } = await import('../upload.ts');
  const upload = await openUpload(call.world.cwd, file);
  return await call.out.during(`Sending ${file}`, async () => {
    interface Source {
      source_blob: { get_url: string; put_url: string };
    }
    const { source_blob: place } = await call.api().send<Source>('POST', `${appPath(app)}/sources`);
    await upload.send(place.put_url, call.signal, await call.api().trust(place.put_url));
    return place.get_url;
  });
}

const cancel: Command = {
  name: 'builds:cancel',
  usage: 'builds:cancel [build]',
  summary: 'end a build that runs or waits (default: the newest)',
  example: 'twelve builds:cancel -a hello',
  flags: appFlags,
  async run(call) {
    const app = await call.app();
    const build = await findBuild(call, app);
    if (build.status !== 'pending')
      throw new CliError(`Build ${build.id} has ${build.status} already; there is nothing to cancel.`);
    await call.out.during(`Cancelling build ${build.id}`, () =>
      call.api().send<Build>('DELETE', `${appPath(app)}/builds/${build.id}`),
    );
  },
};

const purge: Command = {
  name: 'builds:cache:purge',
  usage: 'builds:cache:purge',
  summary: 'forget what earlier builds cached: the next one begins without',
  example: 'twelve builds:cache:purge -a hello',
  flags: { ...appFlags, confirm: { type: 'string', short: 'c' } },
  async run(call) {
    const app = await call.app();
    await call.out.during(`Purging the build cache of ${app}`, () =>
      call.api().send('DELETE', `${appPath(app)}/build-cache`),
    );
  },
};

export const commands: readonly Command[] = [create, cancel, purge];
