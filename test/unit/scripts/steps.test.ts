// What the scripts share: programs that go on after them take nothing of theirs along.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const lib = join(import.meta.dirname, '../../../scripts/lib');

function bash(script: string): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile('bash', ['-euo', 'pipefail', '-c', script, 'bash', lib], (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    ),
  );
}

const open = 'source "$1/steps.sh"; exec 3</dev/null 7</dev/null 9</dev/null 12</dev/null';

it('a command that is started alone sees no open file of ours, however many there are', async () => {
  // 3 is the folder that ls reads.
  expect((await bash(`${open}; (alone ls /proc/self/fd)`)).trim().split('\n')).toEqual(['0', '1', '2', '3']);
});

it('it has its arguments, its environment and its status, and the shell goes on', async () => {
  const told = await bash(
    `${open}; (A=b alone sh -c 'echo "$A $1 $2"; exit 3' sh 'x y' '*') || echo "status $?"; echo open >&7 2>/dev/null || echo "7 is for reading"`,
  );
  expect(told.trim().split('\n')).toEqual(['b x y *', 'status 3', '7 is for reading']);
});
