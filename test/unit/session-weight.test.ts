// What the server's session weighs when cores are taken: more when the session is its own, as it was when it is somebody's.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const source = new URL('../../platform/session-weight.ts', import.meta.url).href;
const file = '/proc/self/autogroup';

/** null: this kernel has no such groups, or puts nobody into one. */
function niceOf(autogroup: string): number | null {
  const nice = /nice (-?\d+)/.exec(autogroup)?.[1];
  return nice === undefined ? null : Number(nice);
}

/** @returns the nice value of its session's group, after it called us */
async function weighed(detached: boolean): Promise<number | null> {
  const code = `import { existsSync, readFileSync } from 'node:fs';
    const { weighSession } = await import(${JSON.stringify(source)});
    weighSession();
    process.stdout.write('weighed ' + (existsSync('${file}') ? readFileSync('${file}', 'utf8') : ''));`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    detached,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(status).toBe(0);
  expect(said).toMatch(/^weighed /);
  return niceOf(said);
}

const show = `if test -e ${file}; then cat ${file}; fi`;

/** What a shell in a session of its own can do: machines differ in rights and in their kernel. */
async function allowed(): Promise<number | null> {
  const weigh = `if test -e ${file}; then echo -10 2>/dev/null >${file}; fi`;
  return niceOf((await run('setsid', ['--wait', 'sh', '-c', `${weigh}; ${show}`])).stdout);
}

it('weighs more in a session of its own where that is allowed, and goes on where there is no such weight', async () => {
  expect(await weighed(true)).toBe(await allowed());
});

it("leaves somebody's session as it is", async () => {
  expect(await weighed(false)).toBe(niceOf((await run('sh', ['-c', show])).stdout));
});
