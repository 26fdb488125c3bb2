// What scripts/demo refuses before it changes anything, and what its help script removes on an engine.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { iptablesRules, writeIptables } from '../../support/iptables.ts';
import { type Result, run as runProgram } from '../../support/program.ts';

const scripts = join(import.meta.dirname, '../../../scripts');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-demo-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (program: string, args: string[], env: Record<string, string> = {}): Promise<Result> =>
  runProgram(program, args, { env: { PATH: process.env['PATH'] ?? '', ...env } });

/** As root, whoever runs this test. */
function demo(args: string[], env: Record<string, string> = {}): Promise<Result> {
  const asRoot = { 'BASH_FUNC_id%%': '() { echo 0; }', TWELVE_DATA: join(folder, 'data') };
  return run(join(scripts, 'demo'), args, { ...asRoot, ...env });
}

it('explains itself, and wrong usage is status 2', async () => {
  expect(await demo(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--once') });
  for (const args of [['--twice'], ['--once', '--stop']])
    expect(await demo(args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('usage:'),
    });
});

it('names the port that is taken and the setting to choose another', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    for (const name of ['TWELVE_API', 'TWELVE_HTTP']) {
      const other = name === 'TWELVE_API' ? 'TWELVE_HTTP' : 'TWELVE_API';
      const result = await demo([], { [name]: `127.0.0.1:${port}`, [other]: '127.0.0.1:0' });
      expect(result).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(`127.0.0.1:${port}.*is taken`),
      });
      expect(result.stderr).toContain(`${name}=127.0.0.1:`);
    }
    expect(existsSync(join(folder, 'data'))).toBe(false);
  } finally {
    server.close();
  }
});

it('never uses, and never removes, a data folder that it did not make', async () => {
  await writeFile(join(folder, 'twelve.db'), 'of somebody');
  for (const args of [[], ['--remove'], ['--once']])
    expect(await demo(args, { TWELVE_DATA: folder })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('was not made by scripts/demo'),
    });
  expect(existsSync(join(folder, 'twelve.db'))).toBe(true);
});

it('has nothing to do where there is no demo', async () => {
  expect(await demo(['--stop'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('there is none'),
  });
  expect(await demo(['--remove'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('nothing to remove'),
  });
});

it('removes what carries the label of one platform, and no other', async () => {
  const asked: string[] = [];
  const answers: Record<string, unknown> = {
    '/containers/json': [{ Id: 'c1', Labels: { 'twelve.kind': 'router' } }],
    '/networks': [{ Id: 'n1' }],
    '/images/json': [
      { RepoTags: ['twelve-0badcafe/app:1'], RepoDigests: ['127.0.0.1:5000/0badcafe/app@sha256:12'] },
      { RepoTags: ['twelve-deadbeef/app:1', 'twelve/stack:1'], RepoDigests: null },
    ],
  };
  const engine = createHttp(({ method, url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://engine');
    if (searchParams.has('filters'))
      expect(JSON.parse(searchParams.get('filters')!)).toEqual({ label: ['twelve.instance=0badcafe'] });
    if (method !== 'GET') asked.push(`${method} ${pathname}`);
    response.end(JSON.stringify(method === 'GET' ? answers[pathname] : {}));
  }).listen(join(folder, 'engine.sock'));
  const removed = await run(process.execPath, [join(scripts, 'lib/instance.js'), 'remove', '0badcafe'], {
    TWELVE_ENGINE: join(folder, 'engine.sock'),
  });
  engine.close();
  expect(removed.status).toBe(0);
  expect(asked).toEqual([
    'POST /containers/c1/stop',
    'DELETE /containers/c1',
    'DELETE /networks/n1',
    'DELETE /images/twelve-0badcafe/app:1',
    'DELETE /images/127.0.0.1:5000/0badcafe/app@sha256:12',
  ]);
});

it('takes its rules of the packet filter with it; where they cannot be removed it says what to do, and keeps its folder', async () => {
  const others = ['-P PREROUTING ACCEPT', '-N TWELVE-99999999-APPS', '-A PREROUTING -j TWELVE-99999999-APPS'];
  const ours = ['-N TWELVE-0badcafe-APPS', '-A PREROUTING -i tw0badca+ -j TWELVE-0badcafe-APPS'];
  const engine = createHttp((_request, response) => response.end('[]')).listen(join(folder, 'engine.sock'));
  await mkdir(join(folder, 'data/demo'), { recursive: true });
  await writeFile(join(folder, 'data/instance'), '0badcafe\n');
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    TWELVE_ENGINE: join(folder, 'engine.sock'),
  };
  try {
    await writeIptables(folder, [...others, ...ours, '-A OUTPUT -j TWELVE-0badcafe-APPS']);
    expect(await demo(['--remove'], env)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('see what leads to TWELVE-0badcafe (iptables -t raw -S'),
      stderr: expect.stringContaining('It could not be removed'),
    });
    expect(existsSync(join(folder, 'data/instance'))).toBe(true);
    await writeIptables(folder, [...others, ...ours]);
    expect(await demo(['--remove'], env)).toMatchObject({ status: 0 });
  } finally {
    engine.close();
  }
  for (const name of ['iptables', 'ip6tables']) expect(await iptablesRules(folder, name)).toEqual(others);
  expect(existsSync(join(folder, 'data'))).toBe(false);
});

it('removes nothing for a name that is no id', async () => {
  for (const name of ['', '*', 'a/b'])
    expect((await run(process.execPath, [join(scripts, 'lib/instance.js'), 'remove', name])).status).not.toBe(
      0,
    );
});
