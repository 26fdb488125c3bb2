// What scripts/install refuses before it changes anything, and its pieces: what is run again, Node's package, the two services.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isEpoch } from '../../../platform/domain/images-epoch.ts';
import { call as callPiece, scripts } from '../../support/install-pieces.ts';
import { type Result, run as runProgram } from '../../support/program.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-install-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (program: string, args: string[], env: Record<string, string> = {}): Promise<Result> =>
  runProgram(program, args, { env: { PATH: process.env['PATH'] ?? '', ...env } });

/** As somebody who may not install anything, so that nothing is ever changed by a test. */
const install = (...args: string[]): Promise<Result> =>
  run(join(scripts, 'install'), args, { 'BASH_FUNC_id%%': '() { echo 1000; }' });

/** A function of the installation's pieces, with arguments as they are. */
const call = (name: string, args: string[], env: Record<string, string> = {}): Promise<Result> =>
  callPiece(folder, name, args, env);

describe('scripts/install', () => {
  it('explains itself, and wrong usage is status 2', async () => {
    expect(await install('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--domain') });
    for (const args of [['--domian', 'x'], ['apps.example.com'], ['--keep-data'], ['--remove-data']])
      expect(await install(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining('usage:') });
  });

  it('says which option lacks its value, and which setting is none', async () => {
    for (const option of ['--domain', '--acme', '--set', '--domain=', '--acme=', '--set='])
      expect(await install(option)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(
          new RegExp(`^ !     ${option.replace('=', '')} needs a value[^\\n]*\\n[^\\n]*--help\\n$`),
        ),
      });
    for (const wrong of ['LOG BUDGET=1', 'TWELVE_LOG_BUDGET', '1=2', 'A=b\nC=d'])
      expect(await install('--set', wrong)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('is not a setting of the form NAME=VALUE'),
      });
    expect(await install('--set', 'TWELVE_DATA=/srv')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/data in \/var\/lib\/twelve(.|\n)*mount another disk there/),
    });
    expect(await install('--set', 'TWELVE_RUN=/srv')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('in /run/twelve-<id of the platform>'),
    });
  });

  it('needs root, also to uninstall', async () => {
    for (const args of [[], ['--fresh-images'], ['--uninstall']])
      expect(await install(...args)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('needs root'),
      });
  });
});

it('scripts/setup keeps no epoch that the setting would outdo', async () => {
  const ended = await run(join(scripts, 'setup'), ['--fresh-images'], { TWELVE_IMAGES_EPOCH: '2026-11-01' });
  expect(ended).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /TWELVE_IMAGES_EPOCH is set here, to 2026-11-01(.|\n)*What to do: unset it/,
    ),
  });
});

describe('run again', () => {
  const bash = (script: string, env: Record<string, string> = {}): Promise<Result> =>
    call('eval', [`cd ..; given=(); programs=$FOLDER data_folder=$FOLDER node=node; ${script}`], {
      FOLDER: folder,
      ...env,
    });

  it('asks the engine and the registries of the settings, and those given now', async () => {
    await writeFile(
      join(folder, 'twelve.env'),
      'TWELVE_ENGINE="/run/other.sock"\nhttps_proxy="http://u:pa\\$s\\"@proxy:3128"\nGOPROXY="of-the-file"\n',
    );
    const show =
      'reach_as_service; env | grep -E "^(TWELVE_ENGINE|https_proxy|GOPROXY|PIP_INDEX_URL)=" | sort';
    const env = { TWELVE_ENGINE: '/run/shell.sock', GOPROXY: 'of-the-shell' };
    expect((await bash(show, env)).stdout).toBe(
      'GOPROXY=of-the-shell\nTWELVE_ENGINE=/run/other.sock\nhttps_proxy=http://u:pa$s"@proxy:3128\n',
    );
    expect((await bash(`given=(TWELVE_ENGINE=/run/new.sock); ${show}`, env)).stdout).toContain(
      'TWELVE_ENGINE=/run/new.sock\n',
    );
  });

  it('makes the images of the epoch of the settings, or of the one given now', async () => {
    const show = 'reach_as_service; echo "=$TWELVE_IMAGES_EPOCH="';
    const env = { TWELVE_IMAGES_EPOCH: 'of-the-shell' };
    await writeFile(join(folder, 'twelve.env'), 'TWELVE_DOMAIN="localhost"\n');
    expect((await bash(show, env)).stdout).toBe('==\n');
    await writeFile(join(folder, 'twelve.env'), 'TWELVE_IMAGES_EPOCH="2026-11-28T20:31Z"\n');
    expect((await bash(show, env)).stdout).toBe('=2026-11-28T20:31Z=\n');
    for (const given of ['2026-12-01', ''])
      expect((await bash(`given=(TWELVE_IMAGES_EPOCH=${given}); ${show}`)).stdout).toBe(`=${given}=\n`);
  });

  it('says that images are made anew where that was asked for, as of now', async () => {
    expect((await bash("fresh_images=''; images_step")).stdout).toContain('those that are there are kept');
    expect((await bash('fresh_images=1; images_step')).stdout).toContain(
      "anew, with Debian's newest packages",
    );
    const { stdout } = await bash('epoch_of_now');
    expect(isEpoch(stdout.trim())).toBe(true);
    expect(Date.parse(stdout.trim())).toBeLessThanOrEqual(Date.now());
  });

  it('refuses a port that another program has, and none of its own', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    await writeFile(
      join(folder, 'twelve.env'),
      `TWELVE_API="127.0.0.1:1"\nTWELVE_HTTP="127.0.0.1:2"\nTWELVE_HTTPS="${address}"\n`,
    );
    const ours = 'TWELVE_API=127.0.0.1:1\nTWELVE_HTTP=127.0.0.1:2';
    try {
      expect((await bash('listening')).stdout).toBe(`${ours}\nTWELVE_HTTPS=${address}\n`);
      expect(await bash('refuse_taken_ports "$OURS"', { OURS: ours })).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(`${address}, which is for TLS, is taken(.|\n)*--set TWELVE_HTTPS=`),
      });
      expect(
        await bash('refuse_taken_ports "$OURS"', { OURS: `${ours}\nTWELVE_HTTPS=${address}` }),
      ).toMatchObject({ status: 0 });
    } finally {
      other.close();
    }
  });

  it('keeps the version before, with the Node it was made for: run again without a newer one it is no other than it was', async () => {
    const again = (version: string, node: string): Promise<Result> =>
      bash(
        `command_file=$FOLDER/twelve; fresh=$FOLDER/versions/${version}; node=$FOLDER/nodes/${node}/bin/node
         mkdir -p $FOLDER/nodes/${node}/bin; [ -e $fresh ] || { mkdir -p $fresh; link_node $fresh/bin; }
         before=$(readlink $programs/current || true); switch_program; tidy_programs
         echo $(ls $FOLDER/versions $FOLDER/nodes)`,
      );
    await again('1', 'old');
    expect((await again('2', 'old')).stdout).toBe(`${folder}/nodes: old ${folder}/versions: 1 2\n`);
    expect((await again('2', 'old')).stdout).toBe(`${folder}/nodes: old ${folder}/versions: 1 2\n`);
    expect((await again('3', 'new')).stdout).toBe(`${folder}/nodes: new old ${folder}/versions: 2 3\n`);
    expect((await again('4', 'new')).stdout).toBe(`${folder}/nodes: new ${folder}/versions: 3 4\n`);
  });
});

describe('the service that was started', () => {
  /** @param answers of /health in turn, the last one ever after */
  const waited = async (answers: number[], log = ''): Promise<Result & { asked: number }> => {
    let asked = 0;
    const server = createServer((_request, response) => {
      response.statusCode = answers[Math.min(asked, answers.length - 1)]!;
      asked += 1;
      response.end(`says ${response.statusCode}`);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const api = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(join(folder, 'twelve.env'), `TWELVE_API="${api}"\n`);
    await writeFile(join(folder, 'log'), log);
    // Time passes faster.
    const quick = 'sleep() { SECONDS=$((SECONDS + 10)); }; has_systemd() { return 1; }';
    try {
      const ended = await call('eval', [
        `${quick}; service_log=${join(folder, 'log')}; SECONDS=0; wait_for_platform`,
      ]);
      return { ...ended, asked };
    } finally {
      server.close();
    }
  };

  it('is waited for until it is healthy, and still is a moment later', async () => {
    expect(await waited([503, 200, 503, 200])).toMatchObject({ status: 0, asked: 5 });
  });

  it('is given up when it does not get healthy, with what it says', async () => {
    expect(await waited([503])).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^not healthy within 120 s: http:\S+\/health says (.|\n)*says 503\n$/),
    });
  });

  it('is given up when it has ended by itself three times', async () => {
    const log = 'The server ended with status 1; it is started again in 2 s.\n'.repeat(3);
    expect(await waited([503], log)).toMatchObject({
      status: 1,
      stdout: 'the server ends again and again\n',
      asked: 1,
    });
  });
});

it('does not run beside another one, and may once that has ended', async () => {
  const lock = `install_lock=${join(folder, 'lock')}; one_at_a_time`;
  const staying = '(alone sleep 60) >/dev/null 2>&1 & echo "$!"';
  const beside = await call('eval', [`${lock}; (one_at_a_time); echo "status $?"; ${staying}`]);
  const [status, left] = beside.stdout.split('\n');
  expect(status).toBe('status 1');
  expect(beside.stderr).toMatch(/is under way here \(process \d+\)\. Nothing was changed\.\n.*wait until/);
  try {
    expect(await call('eval', [lock])).toMatchObject({ status: 0 });
  } finally {
    process.kill(Number(left));
  }
});

it('removes data, also where the folder is a link to another disk', async () => {
  const [data, disk] = [join(folder, 'data'), join(folder, 'disk')];
  const removed = await call('eval', [
    `mkdir -p ${disk}/.hidden/deep; ln -s ${disk} ${data}; data_folder=${data} settings_file=${folder}/etc/twelve.env service_log=${folder}/log; remove_data && ls -A ${disk} && ls ${folder}`,
  ]);
  expect(removed).toMatchObject({ status: 0, stdout: 'disk\n' });
  const plain = await call('eval', [
    `mkdir -p ${data}/deep; data_folder=${data} settings_file=${folder}/etc/twelve.env service_log=${folder}/log; remove_data && ls ${folder}`,
  ]);
  expect(plain).toMatchObject({ status: 0, stdout: 'disk\n' });
});

it('nothing is unpacked that is not exactly the package that is known', async () => {
  await run('tar', ['-czf', join(folder, 'a.tgz'), '-C', scripts, 'lib/steps.sh']);
  const archive = await readFile(join(folder, 'a.tgz'));
  const server = createServer((request, response) => {
    if (request.url !== '/p/-/p.tgz') response.statusCode = 404;
    response.end(archive);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const env = {
    npm_config_registry: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    no_proxy: '*',
  };
  const hash = createHash('sha512').update(archive).digest('base64');
  try {
    expect(await call('unpack_package', ['p/-/p.tgz', hash.replace(/^../, 'AA'), folder], env)).toMatchObject(
      {
        status: 1,
        stdout: expect.stringContaining('its sha512 differs'),
      },
    );
    await expect(readFile(join(folder, 'steps.sh'))).rejects.toThrow('ENOENT');
    expect(await call('unpack_package', ['q/-/q.tgz', hash, folder], env)).toMatchObject({
      stdout: expect.stringContaining('could not fetch http://127.0.0.1'),
    });
    expect(await call('unpack_package', ['p/-/p.tgz', hash, folder], env)).toMatchObject({ status: 0 });
    expect(await readFile(join(folder, 'steps.sh'), 'utf8')).toContain('need_root');
  } finally {
    server.close();
  }
});

it('both services give the same rights and run the same program', async () => {
  const unit = await readFile(join(scripts, 'lib/twelve.service'), 'utf8');
  const starter = await readFile(join(scripts, 'lib/twelve-service'), 'utf8');
  const rights = (text: string): string[] =>
    text
      .trim()
      .split(/[ ,]/)
      .map((one) => one.replace(/^(CAP_|\+)/i, '').toLowerCase());
  const ambient = rights(/^AmbientCapabilities=(.*)$/m.exec(unit)![1]!);
  expect(rights(/^CapabilityBoundingSet=(.*)$/m.exec(unit)![1]!)).toEqual(ambient);
  expect(rights(/^rights=(.*)$/m.exec(starter)![1]!)).toEqual(ambient);
  for (const text of [unit, starter]) {
    expect(text).toContain('/opt/twelve/current/bin/node /opt/twelve/current/dist/main.js');
    expect(text).toContain('MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=131072');
  }
  // The server itself may not: it has none of root's rights that this takes.
  expect(unit).toMatch(/^CPUWeight=900$/m);
  expect(starter.indexOf('echo -10 >/proc/self/autogroup')).toBeLessThan(starter.indexOf('setpriv '));
  expect(starter).toContain('echo -10 >/proc/self/autogroup');
});
