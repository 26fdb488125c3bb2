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

it('what makes its root sees no open file of ours, however many there are', async () => {
  const script = `
    source "$1/lib/newer-engine.sh"
    exec 3</dev/null 7</dev/null 8</dev/null 9</dev/null 12</dev/null
    newer_alone ls /proc/self/fd`;
  const told = await new Promise<string>((resolve, reject) =>
    execFile('bash', ['-euo', 'pipefail', '-c', script, 'bash', scripts], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    ),
  );
  // 3 is the folder that ls reads.
  expect(told.split('\n').filter((line) => line !== '')).toEqual(['0', '1', '2', '3']);
});
