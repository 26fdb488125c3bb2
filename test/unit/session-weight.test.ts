// What the server's session weighs when cores are taken: more when the session is its own, as it was when it is somebody's.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const source = new URL('../../platform/session-weight.ts', import.meta.url).href;
const niceOf = (autogroup: string): number => Number(/nice (-?\d+)/.exec(autogroup)?.[1]);

/** @returns the nice value of its session's group, after it called us */
async function weighed(detached: boolean): Promise<number> {
  const code = `import { readFileSync } from 'node:fs';
    const { weighSession } = await import(${JSON.stringify(source)});
    weighSession();
    process.stdout.write(readFileSync('/proc/self/autogroup', 'utf8'));`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    detached,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(status).toBe(0);
  return niceOf(said);
}

/** What a shell in a session of its own can do: machines differ in rights and in their kernel. */
async function allowed(): Promise<boolean> {
  const { stdout } = await run('setsid', [
    '--wait',
    'sh',
    '-c',
    'echo -10 2>/dev/null >/proc/self/autogroup; cat /proc/self/autogroup',
  ]);
  return niceOf(stdout) === -10;
}

it('weighs more in a session of its own, where that is allowed', async () => {
  expect(await weighed(true)).toBe((await allowed()) ? -10 : 0);
});

it("leaves somebody's session as it is", async () => {
  const { stdout } = await run('cat', ['/proc/self/autogroup']);
  expect(await weighed(false)).toBe(niceOf(stdout));
});
