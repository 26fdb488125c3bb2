import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { createImages } from '../../../platform/engine/images.ts';
import { runIn } from './run.ts';

const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] ?? '/var/run/docker.sock' });
let stack: string;
let app: string;

beforeAll(async () => {
  stack = (await createImages({ engine }).ensure('stack')).reference;
});
afterAll(() => engine.close());
beforeEach(async () => {
  app = await mkdtemp(join(tmpdir(), 'twelve-boot-'));
  await chmod(app, 0o755);
});
afterEach(() => rm(app, { recursive: true }));

async function file(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(app, path)), { recursive: true });
  await writeFile(join(app, path), text, { mode });
}

const boot = (args: string[], env: Record<string, string> = {}) =>
  runIn(engine, stack, ['/usr/local/lib/twelve/boot', ...args], env, [
    { source: app, target: '/app', readOnly: true },
  ]);

it('gives the command to a shell as it was written, and its status back', async () => {
  const command = `printf '%s|' "$V" '$V' "a  b" -x \\\\; exit 7`;
  const result = await boot([command], { V: 'x  "y" $z' });
  expect(result).toEqual({ output: 'x  "y" $z|$V|a  b|-x|\\|', errors: '', exitCode: 7 });
});

it('takes a text that looks like an option for a command, and refuses anything but one text', async () => {
  expect(await boot(['-x'])).toMatchObject({ exitCode: 127, errors: expect.stringContaining('-x') });
  expect(await boot([])).toMatchObject({ exitCode: 64 });
  expect(await boot(['echo', 'two'])).toMatchObject({ exitCode: 64, output: '' });
});

it('sources .profile.d in the order of names whatever the locale, then .profile', async () => {
  await file('.profile.d/b.sh', 'export SEEN="$SEEN b"');
  await file('.profile.d/B.sh', 'export SEEN="$SEEN B"');
  await file('.profile.d/010_a.sh', 'export SEEN="$SEEN 010"');
  await file('.profile.d/notes.txt', 'export SEEN="$SEEN txt"');
  await file('.profile', 'export SEEN="$SEEN profile" PATH="/app/bin:$PATH"');
  await file('bin/tool', '#!/bin/bash\necho "tool:$SEEN"\n', 0o755);
  const result = await boot(['tool; echo $LC_ALL'], { LC_ALL: 'en_US.UTF-8' });
  expect(result).toEqual({ output: 'tool: 010 B b profile\nen_US.UTF-8', errors: '', exitCode: 0 });
});

it('lets profiles return, fail, use unset variables and shell options without stopping the start', async () => {
  await file('.profile.d/1.sh', 'export ONE=1; return 3; export ONE=never');
  await file(
    '.profile.d/2.sh',
    'set -eu; set -f; set -a; set -- left over; declare -x TWO=2; false; INSIDE=1',
  );
  await file('.profile.d/3.sh', 'export THREE="3$NOT_SET"; LOCAL=secret; [ $# -eq 0 ] || export ARGS="$*"');
  await file('.profile.d/4.sh', 'if broken (');
  await file('.profile', 'export FOUR=4');
  const result = await boot([`echo "$ONE$TWO$THREE$FOUR \${LOCAL-unset} \${ARGS-none}"`]);
  expect(result).toMatchObject({ output: '1234 unset none', exitCode: 0 });
  const errors = result.errors.split('\n');
  expect(errors[0]).toBe('twelve: /app/.profile.d/1.sh ended with status 3, going on');
  expect(errors.at(-1)).toBe('twelve: /app/.profile.d/4.sh ended with status 2, going on');
});

it('names the profile that ends the start on purpose', async () => {
  await file('.profile.d/1.sh', `: "\${DATABASE_URL:?is not set}"`);
  const result = await boot(['echo never']);
  expect(result).toMatchObject({ output: '', exitCode: 1 });
  expect(result.errors).toContain('DATABASE_URL: is not set');
  expect(result.errors).toContain('twelve: /app/.profile.d/1.sh ended the start with status 1');
});

it('leaves nothing of its own in the environment, also of an app that exports everything', async () => {
  await file('.profile', 'set -a');
  const plain = await runIn(engine, stack, ['bash', '-c', 'env | sed s/=.*// | sort']);
  const booted = await boot(['env | sed s/=.*// | sort']);
  expect(booted.output).toBe(plain.output);
  expect((await boot(['compgen -A function; compgen -v | grep -i twelve; echo end'])).output).toBe('end');
});

it('becomes the command: one that needs no shell has none around it', async () => {
  const result = await boot(['ps -e -o comm='], {});
  expect(result.output).not.toMatch(/bash|boot/);
});
