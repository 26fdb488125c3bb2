import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { contextOf, readDefinition } from '../../../platform/engine/image-definition.ts';
import { programFiles } from '../../../platform/engine/program-files.ts';
import { run } from '../../support/program.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'twelve-program-'));
  const lock = {
    packages: {
      '': {},
      'node_modules/plain': {},
      'node_modules/plain/node_modules/inner': {},
      'node_modules/plain/node_modules/tool': { dev: true },
      'node_modules/for-tests': { dev: true },
      'node_modules/for-another-system': { optional: true },
      'node_modules/better-sqlite3': {},
    },
  };
  await write('package-lock.json', JSON.stringify(lock));
  for (const path of [
    'package.json',
    'dist/main.js',
    'dist/cli/main.js',
    'dist/.made',
    'platform/main.ts',
    'platform/store/migrations/001.sql',
    'buildpacks/node/bin/detect',
    'node_modules/plain/index.js',
    'node_modules/plain/node_modules/inner/index.js',
    'node_modules/plain/node_modules/tool/index.js',
    'node_modules/for-tests/index.js',
    'node_modules/better-sqlite3/src/addon.cpp',
    'node_modules/better-sqlite3/build/Release/better_sqlite3.node',
    'node_modules/better-sqlite3/build/Release/sqlite3.a',
    'test/some.test.ts',
    'secret.key',
  ])
    await write(path, path);
});
afterEach(() => rm(root, { recursive: true }));

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

it("takes the compiled program, what it reads, and production's packages; nothing else of a checkout", async () => {
  await symlink('index.js', join(root, 'node_modules/plain/link.js'));
  await symlink('../static', join(root, 'buildpacks/node/static'));
  expect(await programFiles(root)).toEqual([
    'buildpacks/node/bin/detect',
    'buildpacks/node/static',
    'dist/cli/main.js',
    'dist/main.js',
    'node_modules/better-sqlite3/build/Release/better_sqlite3.node',
    'node_modules/better-sqlite3/src/addon.cpp',
    'node_modules/plain/index.js',
    'node_modules/plain/node_modules/inner/index.js',
    'package.json',
    'platform/store/migrations/001.sql',
  ]);
});

it('says what to do when the program was not compiled', async () => {
  await rm(join(root, 'dist'), { recursive: true });
  await expect(programFiles(root)).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringMatching(/no dist\/main\.js .* Run: \.\/scripts\/setup/),
  });
});

it('all of it is in the context beside the Dockerfile, and counts for the name', async () => {
  const folder = join(root, 'image');
  await write('image/Dockerfile', 'FROM scratch\n');
  await symlink('../static', join(root, 'buildpacks/node/static'));
  const definition = { folder, program: { root, files: await programFiles(root) }, buildArgs: { a: '1' } };
  const chunks: Buffer[] = [];
  for await (const chunk of contextOf(definition)) chunks.push(chunk as Buffer);
  const listed = await run('tar', ['-t'], {
    input: Buffer.concat(chunks),
    env: { PATH: process.env['PATH']! },
  });
  expect(listed.stdout.trim().split('\n')).toEqual(['./', './Dockerfile', ...definition.program.files]);

  const names = [
    await readDefinition(definition),
    await readDefinition({ ...definition, buildArgs: { a: '2' } }),
  ];
  await write('dist/main.js', 'changed');
  names.push(await readDefinition(definition));
  await chmod(join(root, 'buildpacks/node/bin/detect'), 0o755);
  names.push(await readDefinition(definition));
  await rm(join(root, 'buildpacks/node/static'));
  await symlink('../elsewhere', join(root, 'buildpacks/node/static'));
  names.push(await readDefinition(definition));
  expect(new Set(names).size).toBe(5);
});

it('takes along the epoch of the images that setup made, where it keeps one', async () => {
  expect(await programFiles(root)).not.toContain('images-epoch');
  await write('images-epoch', '2026-11-28');
  expect(await programFiles(root)).toContain('images-epoch');
});
