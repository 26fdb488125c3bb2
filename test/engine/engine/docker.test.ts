// What only a real engine can show: images made and moved, terminals, limits that hold.
import { randomBytes } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import type { ContainerSpec } from '../../../platform/engine/engine.ts';
import { debian } from '../../support/debian.ts';

const suffix = randomBytes(6).toString('hex');
const labels = { 'twelve.test': suffix };
const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] || '/var/run/docker.sock' });
const base = await debian(engine);

afterEach(async () => {
  for (const container of await engine.list(labels)) await engine.remove(container.id);
});
afterAll(async () => {
  for (const tag of ['built', 'failed', 'imported']) await engine.removeImage(`twelve-test/${tag}:${suffix}`);
  engine.close();
});

function context(dockerfile: string): Readable {
  return tarWith('Dockerfile', dockerfile);
}

function tarWith(name: string, text: string): Readable {
  const tar = pack();
  tar.entry({ name }, text);
  tar.finalize();
  // tar-stream's own stream type is an older Readable; piping gives one of Node's.
  return tar.pipe(new PassThrough());
}

async function start(script: string, more: Partial<ContainerSpec> = {}): Promise<string> {
  const id = await engine.create({
    name: `twelve-test-${randomBytes(6).toString('hex')}`,
    image: base,
    labels,
    env: {},
    command: ['/bin/sh', '-c', script],
    ...more,
  });
  await engine.start(id);
  return id;
}

async function output(script: string, more: Partial<ContainerSpec> = {}): Promise<string[]> {
  const id = await start(script, more);
  await engine.wait(id);
  return engine.lastLines(id, 100);
}

async function read(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

test('an image is built, labelled, found by label, saved and removed', async () => {
  const tag = `twelve-test/built:${suffix}`;
  const lines: string[] = [];
  const built = await engine.buildImage({
    tag,
    context: context(`FROM ${base}\nARG WORD\nRUN echo "the word is $WORD" && echo "$WORD" > /word\n`),
    buildArgs: { WORD: 'hello' },
    labels,
    onLine: (line) => lines.push(line),
  });
  expect(lines).toContain('the word is hello');
  expect(built).toMatchObject({ tags: [tag], labels });
  expect((await engine.images(labels)).map((image) => image.id)).toEqual([built.id]);
  expect(await output('cat /word', { image: tag })).toEqual(['hello']);

  let size = 0;
  for await (const chunk of await engine.saveImage(tag)) size += (chunk as Buffer).length;
  expect(size).toBeGreaterThan(1_000_000);

  await expect(engine.removeImage(tag)).rejects.toMatchObject({ code: 'conflict' });
  for (const container of await engine.list(labels)) await engine.remove(container.id);
  await engine.removeImage(tag);
  expect(await engine.image(tag)).toBeNull();
});

test('a build that fails says the step and what it printed', async () => {
  const tag = `twelve-test/failed:${suffix}`;
  const failing = engine.buildImage({
    tag,
    context: context(`FROM ${base}\nRUN echo "about to fail ${suffix}"; exit 9\n`),
    labels,
  });
  await expect(failing).rejects.toMatchObject({
    code: 'engine_failed',
    message: expect.stringMatching(/non-zero code: 9[\s\S]*about to fail/),
  });
  expect(await engine.image(tag)).toBeNull();
});

test('a build is given up by its signal', async () => {
  const giveUp = new AbortController();
  const building = engine.buildImage({
    tag: `twelve-test/failed:${suffix}`,
    context: context(`FROM ${base}\nRUN echo ${suffix}; sleep 60\n`),
    onLine: (line) => {
      if (line === suffix) giveUp.abort();
    },
    signal: giveUp.signal,
  });
  await expect(building).rejects.toMatchObject({ code: 'cancelled' });
});

test('a root file system becomes an image', async () => {
  const tag = `twelve-test/imported:${suffix}`;
  const image = await engine.importImage(tag, tarWith('hello', 'hi'));
  expect(image.tags).toEqual([tag]);
  expect((await engine.image(image.id))?.id).toBe(image.id);
});

test('a terminal has its size, echoes, and ends with the program', async () => {
  const id = await engine.create({
    name: `twelve-test-${randomBytes(6).toString('hex')}`,
    image: base,
    labels,
    env: {},
    command: ['/bin/sh', '-c', 'read word; stty size; echo "got $word"; exit 6'],
    tty: true,
    stdin: true,
  });
  const { stream, stderr } = await engine.attach(id, { stdin: true, tty: true });
  expect(stderr).toBeUndefined();
  const shown = read(stream);
  await engine.start(id);
  await engine.resize(id, { columns: 77, rows: 33 });
  stream.write('hello\n');
  expect(await engine.wait(id)).toBe(6);
  expect(await shown).toBe('hello\r\n33 77\r\ngot hello\r\n');
});

test('much output comes whole through an attachment, in step with its reader', async () => {
  const id = await engine.create({
    name: `twelve-test-${randomBytes(6).toString('hex')}`,
    image: base,
    labels,
    env: {},
    command: ['/bin/sh', '-c', 'head -c 30000000 /dev/zero; head -c 1000 /dev/zero >&2'],
    log: 'none',
  });
  const { stream, stderr } = await engine.attach(id, { stdin: false, tty: false });
  const apart = read(stderr!);
  await engine.start(id);
  let size = 0;
  for await (const chunk of stream) size += (chunk as Buffer).length;
  expect(size).toBe(30_000_000);
  expect((await apart).length).toBe(1000);
  expect(await engine.lastLines(id, 5)).toEqual([]);
});

test('a container is confined: user, capabilities, privileges, files, processes', async () => {
  const lines = await output(
    'id -u; grep -E "^(CapBnd|CapEff|NoNewPrivs)" /proc/self/status; ulimit -n; touch /x 2>/dev/null || echo read-only; touch /tmp/x && echo writable',
    { user: '20012:20012', openFiles: 2000, readOnlyRoot: true, tmpfs: { '/tmp': 'size=1m' } },
  );
  expect(lines.map((line) => line.replace(/\s+/g, ' '))).toEqual([
    '20012',
    'CapEff: 0000000000000000',
    'CapBnd: 0000000000000000',
    'NoNewPrivs: 1',
    '2000',
    'read-only',
    'writable',
  ]);
  const forked = await output('for i in $(seq 20); do sleep 1 & done; wait; echo end', { pids: 12 });
  expect(forked.join('\n')).toMatch(/fork/i);
});

test('a stop ends what is at its process limit, and what a policy would bring back', async () => {
  const full = await start('for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; echo full; wait', { pids: 10 });
  const policy = await start('echo up; exec sleep 100', { restart: 'unless-stopped' });
  for (const id of [full, policy]) {
    while ((await engine.lastLines(id, 1)).length === 0) await new Promise((done) => setTimeout(done, 20));
    await engine.stop(id, { graceSeconds: 30 });
    expect(await engine.inspect(id)).toMatchObject({ state: 'exited', exitCode: 143 });
  }
});

test('a program that cannot be run inside is said by its status', async () => {
  const id = await start('sleep 100');
  expect(await engine.exec(id, ['/no/such'])).toMatchObject({ exitCode: expect.any(Number) });
  const big = await engine.exec(id, ['/bin/sh', '-c', 'head -c 3000000 /dev/zero; id -u'], { user: '12' });
  expect(big.exitCode).toBe(0);
  expect(big.output.length).toBe(1_048_576);
});
