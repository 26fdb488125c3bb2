// What the pusher reads of the release command and of postdeploy: no secret, nothing that moves a terminal.
import { Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Platform } from '../../../platform/actions/context.ts';
import { createGround } from './ground.ts';

it('is masked and filtered, as the output of the build is', async () => {
  using ground = createGround();
  const { platform, store, app, caller } = ground;
  const { build } = platform.builder;
  platform.builder.build = (async (input) => ({
    ...(await build(input)),
    processTypes: { web: 'true', release: 'migrate' },
    beginning: { formation: {}, buildpacks: [], postdeploy: 'seed' },
  })) as Platform['builder']['build'];
  const { settled } = platform.processes;
  platform.processes.settled = async (id, signal) => {
    const output = platform.outputs.open(id);
    output.write('migrating postgres://me:hunter22@db/x\x1b[2J\x07');
    output.end();
    await settled(id, signal);
  };
  const stream = Object.assign(Readable.from([Buffer.from('seeding with s3cret\x1b]0;title\x07-token\n')]), {
    end: () => new Writable(),
  });
  platform.oneOffs = {
    create: async () => ({ id: 'one', name: 'run.1' }),
    open: async () => ({
      stream,
      stderr: Readable.from([Buffer.from('\x1b[Aup s3cret-token')]),
      exit: Promise.resolve(0),
    }),
  } as unknown as Platform['oneOffs'];
  store.releases.append(app.id, caller.user.id, {
    version: 1,
    slugId: null,
    config: { API_TOKEN: 's3cret-token', DATABASE_URL: 'postgres://me:hunter22@db/x' },
    cause: 'config',
    description: 'Set config vars',
    commit: null,
  });
  await ground.push('a'.repeat(40));
  const kept = platform.outputs.read(store.builds.list(app.id)[0]!.id, new AbortController().signal);
  const parts: string[] = [];
  for await (const part of kept ?? []) parts.push(part);
  const lines = parts.join('').split('\n');
  expect(lines).toContain('       migrating postgres://me:********@db/x');
  expect(lines).toContain('       seeding with ********');
  expect(lines).toContain('       up ********');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what this asserts
  expect(lines.join('\n')).not.toMatch(/\x1b|\x07|hunter22|s3cret/);
});
