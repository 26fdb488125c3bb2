// An attached one-off with input and both outputs under way while the server ends and is started again.
import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { TestPlatform } from './platform.ts';

/** Of the app `once`. */
export async function pipedThrough(platform: TestPlatform, signal: NodeJS.Signals): Promise<void> {
  const script =
    'exec 3<&0; sha256sum <&3 & i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo out $i; echo err $i >&2; sleep 0.02; done; wait; exit 5';
  await using run = platform.cliStart(['run', '-a', 'once', '-e', `SCRIPT=${script}`, 'eval "$SCRIPT"']);
  const input = randomBytes(3_000_000);
  run.child.stdin!.write(input.subarray(0, 2_000_000));
  await run.printed('out 40\n');
  await platform.stop(signal);
  run.child.stdin!.end(input.subarray(2_000_000));
  await platform.startAgain();
  const { status, stdout, stderr } = await run.result;
  expect(status).toBe(5);
  const counted = (word: string) => Array.from({ length: 300 }, (_, index) => `${word} ${index + 1}`);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('out'))).toEqual(counted('out'));
  expect(lines.filter((line) => !line.startsWith('out'))).toEqual([
    `${createHash('sha256').update(input).digest('hex')}  -`,
  ]);
  const said = stderr.split('\n').filter((line) => !line.startsWith('err '));
  expect(stderr.split('\n').filter((line) => line.startsWith('err '))).toEqual(counted('err'));
  expect(said.join('\n')).toMatch(
    /connection to run\.\d+ was lost. It goes on[\s\S]*We are back at run\.\d+\./,
  );
}
