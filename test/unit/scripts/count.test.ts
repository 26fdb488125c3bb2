import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../../scripts/lib/count-tests.js');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-count-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Tests = Record<string, string[]>;

async function part(name: string, status: number, files?: Tests | string): Promise<void> {
  await writeFile(join(folder, `${name}.status`), `${status}\n`);
  if (files === undefined) return;
  await writeFile(join(folder, `${name}.json`), typeof files === 'string' ? files : report(files));
}

function report(files: Tests): string {
  const testResults = Object.entries(files).map(([file, tests]) => ({
    name: file,
    status: tests.includes('failed') || tests.length === 0 ? 'failed' : 'passed',
    assertionResults: tests.map((test) => ({ status: test })),
  }));
  return JSON.stringify({ testResults });
}

/** The last line, and the exit status. */
function count(): Promise<[string, number]> {
  return new Promise((resolve) =>
    execFile(process.execPath, [program, folder], (error, stdout) =>
      resolve([stdout.trimEnd().split('\n').at(-1) ?? '', Number(error?.code ?? 0)]),
    ),
  );
}

it('adds up parts; a check is one test', async () => {
  await part('checks', 0);
  await part('unit', 0, { a: ['passed', 'passed'], b: ['passed'] });
  await part('engine', 0, { c: ['passed'] });
  expect(await count()).toEqual(['5 passed, 0 failed, 0 skipped', 0]);
});

it('holds what was skipped against the run', async () => {
  await part('unit', 0, { a: ['passed', 'passed'], b: ['skipped', 'todo'] });
  expect(await count()).toEqual(['2 passed, 0 failed, 2 skipped', 1]);
});

it('counts failures', async () => {
  await part('checks', 1);
  await part('unit', 1, { a: ['passed', 'failed'] });
  expect(await count()).toEqual(['1 passed, 2 failed, 0 skipped', 1]);
});

it('counts a file that failed before its first test', async () => {
  await part('unit', 1, { a: ['passed'], b: [] });
  expect(await count()).toEqual(['1 passed, 1 failed, 0 skipped', 1]);
});

it.each([
  ['crashed without a report', 134, undefined],
  ['took too long', 124, undefined],
  ['wrote half a report', 1, '{"testRes'],
  ['failed though no test did', 1, { a: [] as string[] }],
])('counts a part that %s', async (_what, status, files) => {
  await part('unit', 0, { a: ['passed'] });
  await part('e2e', status, files);
  expect(await count()).toEqual(['1 passed, 1 failed, 0 skipped', 1]);
});

it('counts an error outside of all tests', async () => {
  await part('unit', 1, { a: ['passed'] });
  expect(await count()).toEqual(['1 passed, 1 failed, 0 skipped', 1]);
});

it('holds that nothing passed against the run', async () => {
  await part('unit', 0, {});
  expect(await count()).toEqual(['0 passed, 0 failed, 0 skipped', 1]);
});
