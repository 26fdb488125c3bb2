// The ways into the newer engine refuse what they do not know, before anything is started.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const scripts = join(import.meta.dirname, '../../../scripts');

function run(
  program: string,
  ...args: string[]
): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) =>
    execFile(join(scripts, program), args, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );
}

it.each([
  ['newer-engine', []],
  ['newer-engine', ['restart']],
  ['test', ['--engine', 'old']],
  ['test', ['--engine']],
  ['test', ['--engine=']],
])('%s %j: how it is used, and status 2', async (program, args) => {
  const { status, stderr } = await run(program, ...args);
  expect(status).toBe(2);
  expect(stderr).toContain(`usage: scripts/${program}`);
});

it.each(['newer-engine', 'test'])('%s --help names the engine that is meant', async (program) => {
  const { status, stdout } = await run(program, '--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(/newer Docker Engine|a Docker Engine from Debian testing/);
});
