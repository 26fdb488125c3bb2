// The shell that stories are typed into.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openShell, type Shell } from '../../support/docs/shell.ts';
import { start } from '../../support/program.ts';
import { root } from '../../support/server-process.ts';
import { eventually } from '../../support/wait.ts';

let folder: string;
let shell: Shell;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-shell-'));
  shell = openShell(folder, { PATH: process.env['PATH']!, HOME: folder }, join(folder, 'output'));
});
afterEach(async () => {
  await shell[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

it('keeps folder, variables and jobs from block to block', async () => {
  expect(await shell.run('mkdir inner\ncd inner\nexport NAME=value other=1')).toEqual({
    failed: null,
    output: '',
  });
  expect((await shell.run('pwd\nsh -c "echo $NAME"; echo $other')).output).toBe(
    `${folder}/inner\nvalue\n1\n`,
  );
  await shell.run('sleep 100 > ../job 2>&1 &');
  const ended = await shell.run('kill $!\nwait\njobs -r');
  expect(ended).toEqual({ failed: null, output: '' });
});

it('gives both streams in their order, and no input', async () => {
  expect((await shell.run('echo one; echo two >&2; sh -c "echo three >&2"; cat; echo four')).output).toBe(
    'one\ntwo\nthree\nfour\n',
  );
});

it('tells the first command that failed, also in the middle of a block', async () => {
  expect((await shell.run('true\nls /nowhere-at-all\necho on')).failed).toBe(
    'status 2 of: ls /nowhere-at-all',
  );
  expect((await shell.run('(exit 7)')).failed).toMatch(/^status 7/);
  expect((await shell.run('if')).failed).toMatch(/^status/);
  expect((await shell.run('false || echo handled; if false; then :; fi; echo a | grep a')).failed).toBeNull();
});

it('says what was printed when a block does not end, or ends the shell', async () => {
  await expect(shell.run('echo begun; sleep 100', 300)).rejects.toThrow(/did not end[\s\S]*begun/);
  await shell[Symbol.asyncDispose]();
  await expect(shell.run('echo more')).rejects.toThrow('The shell ended');
});

it('an exit is told', async () => {
  await expect(shell.run('echo last words; exit 3')).rejects.toThrow(/The shell ended[\s\S]*last words/);
});

it('ends with all it started', async () => {
  await shell.run('sleep 100 > job 2>&1 &\necho $! > pid');
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  expect(isAlive(pid)).toBe(true);
  await shell[Symbol.asyncDispose]();
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
});

it('ends what runs in the background when the test itself is killed', async () => {
  const module = join(import.meta.dirname, '../../support/docs/shell.ts');
  const script = `import { openShell } from ${JSON.stringify(module)};
const shell = openShell(${JSON.stringify(folder)}, { PATH: process.env.PATH }, ${JSON.stringify(join(folder, 'other-output'))});
await shell.run('sleep 100 > job 2>&1 &\\necho $! > pid');
console.log('running');
setInterval(() => undefined, 1000);
`;
  const file = join(folder, 'test.mts');
  writeFileSync(file, script);
  await using test = start(process.execPath, ['--import', 'tsx', file], {
    cwd: root,
    env: { PATH: process.env['PATH']! },
  });
  await test.printed('running');
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  expect(isAlive(pid)).toBe(true);
  test.child.kill('SIGKILL');
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
});

function isAlive(pid: number): boolean {
  try {
    // A dead child that nobody has asked for is dead.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
