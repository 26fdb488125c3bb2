// A machine of its own for tests: a container that systemd boots, with Debian's or Ubuntu's packages and an engine of its own inside.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from './app-repository.ts';
import { engineSocket } from './engine-socket.ts';
import { type Result, run } from './program.ts';
import { root } from './server-process.ts';
import { waitFor } from './wait.ts';

/** Where its packages come from, and the keys they are signed with. */
const systems = {
  'debian-12': { suite: 'bookworm', mirror: 'http://deb.debian.org/debian', keys: 'debian-archive-keyring' },
  'debian-13': { suite: 'trixie', mirror: 'http://deb.debian.org/debian', keys: 'debian-archive-keyring' },
  'ubuntu-22.04': {
    suite: 'jammy',
    mirror: 'http://archive.ubuntu.com/ubuntu',
    keys: 'ubuntu-archive-keyring',
  },
  'ubuntu-24.04': {
    suite: 'noble',
    mirror: 'http://archive.ubuntu.com/ubuntu',
    keys: 'ubuntu-archive-keyring',
  },
} as const;

/** Ubuntu's keys, which Debian has no package of: as Ubuntu's own release has them, and nothing else. */
const ubuntuKeys = {
  file: 'pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb',
  sha256: '36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8',
};

export type System = keyof typeof systems;

export function isSystem(name: string): name is System {
  return name in systems;
}

export interface WholeMachine extends AsyncDisposable {
  /** Runs there as root, in the folder of the checkout. */
  run(program: string, ...args: string[]): Promise<Result>;
  /** The same. @returns what it printed @throws Error with that when it failed */
  must(program: string, ...args: string[]): Promise<string>;
  /** Off and on again. */
  reboot(): Promise<void>;
}

/** Of the host's, which its own programs have to trust too. */
const authorities = '/etc/ssl/certs/ca-certificates.crt';
const trusted = '/etc/ssl/certs/of-the-test.crt';
const checkout = '/src';

const docker = (...args: string[]): Promise<Result> =>
  run('docker', args, { env: { PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${engineSocket}` } });

const succeeded = async (result: Promise<Result>): Promise<string> => (await must(result)).stdout;

/** Boots one. Its image is made once and kept. */
export async function bootMachine(system: System): Promise<WholeMachine> {
  const image = await imageOf(system);
  const created = await succeeded(docker('run', '--detach', ...rights(), ...shape, image, ...init));
  const id = created.trim();
  const variables = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'CURL_CA_BUNDLE'].flatMap((name) => [
    '--env',
    `${name}=${trusted}`,
  ]);
  const machine: WholeMachine = {
    run: (program, ...args) => docker('exec', '--workdir', checkout, ...variables, id, program, ...args),
    must: (program, ...args) => succeeded(machine.run(program, ...args)),
    async reboot() {
      await succeeded(docker('restart', '--time', '60', id));
      await untilBooted(id);
    },
    async [Symbol.asyncDispose]() {
      await docker('rm', '--force', '--volumes', id);
    },
  };
  try {
    await untilBooted(id);
    await copyInto(id);
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
  return machine;
}

/** All that we have ourselves: an engine that runs in a container cannot give more. */
function rights(): string[] {
  const held = BigInt(`0x${/^CapBnd:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
  const resources = 24n;
  return ['--cap-add', 'ALL', ...((held >> resources) & 1n ? [] : ['--cap-drop', 'SYS_RESOURCE'])];
}

const shape = [
  ...['--label', 'twelve.test=whole-machine', '--hostname', 'machine.example.test'],
  ...['seccomp', 'apparmor', 'systempaths'].flatMap((what) => ['--security-opt', `${what}=unconfined`]),
  // Nothing of the host's control groups: `init` mounts its own.
  ...['--cgroupns', 'private', '--device-cgroup-rule', 'a *:* rwm'],
  ...['/run', '/run/lock', '/tmp'].flatMap((folder) => ['--tmpfs', `${folder}:exec`]),
  // The file system of a container cannot be the ground of another engine's.
  ...['--volume', '/var/lib/docker', '--env', 'container=docker', '--stop-signal', 'SIGRTMIN+3'],
];

/**
 * Control groups of version 2 and of its own, whatever the host has. On a host that boots with version 1 it would mount
 * controllers that the host does not use, for the whole kernel, and engines would hear of no container that is out of memory.
 */
const init = [
  ...['sh', '-c', 'umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"', 'sh'],
  ...['/sbin/init', 'systemd.unified_cgroup_hierarchy=1'],
];

async function untilBooted(id: string): Promise<void> {
  const booted = await waitFor(async () => {
    const { stdout } = await docker('exec', id, 'systemctl', 'is-system-running');
    return /running|degraded/.test(stdout);
  }, 60_000);
  if (!booted) throw new Error(`systemd did not come up: ${(await docker('logs', id)).stdout}`);
}

/** The files of this checkout as they are now, without what is not kept in git. */
async function copyInto(id: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-machine-'));
  try {
    const files = join(folder, 'files');
    const archive = join(folder, 'checkout.tar');
    await succeeded(
      run(
        'bash',
        [
          '-c',
          'git ls-files -z --cached --others --exclude-standard >"$1" && tar -cf "$2" --null -T "$1"',
          'bash',
          files,
          archive,
        ],
        {
          cwd: root,
          env: { PATH: process.env['PATH'] ?? '' },
        },
      ),
    );
    await succeeded(docker('exec', id, 'mkdir', '-p', checkout));
    await succeeded(docker('cp', archive, `${id}:/root/checkout.tar`));
    await succeeded(
      docker('exec', id, 'tar', '-xf', '/root/checkout.tar', '-C', checkout, '--no-same-owner'),
    );
    await succeeded(docker('cp', authorities, `${id}:${trusted}`));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const packages = ['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'ca-certificates', 'procps'];
/** Not among the most needed ones of a distribution, but on every machine of it. */
const packagesOf = (system: System): string[] =>
  system.startsWith('ubuntu') ? [...packages, 'apt'] : packages;

async function imageOf(system: System): Promise<string> {
  const { suite, mirror, keys } = systems[system];
  const kind = createHash('sha256')
    .update(JSON.stringify([system, systems[system], packagesOf(system)]))
    .digest('hex');
  const image = `twelve/test-machine:${system}-${kind.slice(0, 12)}`;
  if ((await docker('image', 'inspect', image)).status === 0) return image;
  const folder = await mkdtemp(join(tmpdir(), 'twelve-machine-'));
  try {
    const archive = join(folder, 'root.tar');
    const options = [
      '--variant=minbase',
      `--include=${packagesOf(system)}`,
      `--keyring=${await keysFor(system, folder)}`,
    ];
    const components = keys.startsWith('ubuntu') ? ['--components=main,universe'] : [];
    await succeeded(
      run('mmdebstrap', [...options, ...components, suite, archive, mirror], {
        env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
      }),
    );
    await succeeded(docker('import', archive, image));
    return image;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The file with the keys that its packages are signed with; in the folder when this machine has none. */
async function keysFor(system: System, folder: string): Promise<string> {
  const { keys, mirror } = systems[system];
  const path = `usr/share/keyrings/${keys}.gpg`;
  if (existsSync(join('/', path)) || keys !== 'ubuntu-archive-keyring') return join('/', path);
  const [archive, env] = [join(folder, 'keys.deb'), { PATH: process.env['PATH'] ?? '' }];
  await succeeded(
    run('curl', ['-fsSL', '--retry', '3', '-o', archive, `${mirror}/${ubuntuKeys.file}`], { env }),
  );
  const found = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex');
  if (found !== ubuntuKeys.sha256) throw new Error(`${ubuntuKeys.file} is not what was published: ${found}`);
  await succeeded(run('dpkg-deb', ['-x', archive, folder], { env }));
  return join(folder, path);
}
