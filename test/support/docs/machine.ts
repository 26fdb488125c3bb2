// The machine that a story of the documentation is typed on: a home, a folder for data, and ports, none of them the user's own.
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ask, engineSocket } from '../engine-socket.ts';
import { clearLeftovers, killServer, makeFolder, projectOf, removePlatform } from '../leftovers.ts';
import { userEnvironment, withoutOurs } from '../platform.ts';
import { run } from '../program.ts';
import { freePorts, root } from '../server-process.ts';
import { openShell, type Shell } from './shell.ts';

/** What pages call by these names is another one here. */
export const documented = {
  api: '127.0.0.1:5480',
  httpPort: 8080,
  home: '/root',
  dataFolder: '/var/lib/twelve-guide',
  runFolder: '/run/twelve-guide',
};

export interface Machine extends AsyncDisposable {
  shell: Shell;
  folder: string;
  home: string;
  /** From the page's names to those of this machine. */
  real(commands: string): string;
  /** And back. */
  asDocumented(output: string): string;
  /** Id of the platform that has been here last; null: none was. */
  instance(): string | null;
}

/** @param demo whether scripts/demo is told its folder and ports, which it takes from no page */
export async function createMachine({ demo }: { demo: boolean }): Promise<Machine> {
  await clearLeftovers();
  const folder = makeFolder();
  const [apiPort, httpPort] = (await freePorts(2)) as [number, number];
  const home = join(folder, 'home');
  const dataFolder = join(folder, 'data');
  const names: [string, string][] = [
    [documented.api, `127.0.0.1:${apiPort}`],
    [`:${documented.httpPort}`, `:${httpPort}`],
    [documented.home, home],
    [documented.dataFolder, dataFolder],
    [documented.runFolder, join(folder, 'run')],
  ];
  const env = {
    ...(await environment(folder)),
    TWELVE_API: `127.0.0.1:${apiPort}`,
    ...(demo ? { TWELVE_DATA: dataFolder, TWELVE_HTTP: `127.0.0.1:${httpPort}` } : {}),
  };
  // Where the server is looked for that goes on without its shell: the demo's.
  symlinkSync(join(dataFolder, 'demo', 'server.pid'), join(folder, 'server'));
  const shell = openShell(root, env, join(folder, 'output'));
  let instance: string | null = null;
  const look = (): string | null => {
    for (const data of [dataFolder, join(home, 'twelve-data')]) {
      const file = join(data, 'instance');
      if (existsSync(file)) instance = readFileSync(file, 'utf8').trim();
    }
    return instance;
  };

  return {
    shell,
    folder,
    home,
    real: (commands) => exchanged(commands, names),
    asDocumented: (output) =>
      exchanged(
        output,
        names.map(([name, real]) => [real, name]),
      ),
    instance: look,
    async [Symbol.asyncDispose]() {
      look();
      await shell[Symbol.asyncDispose]();
      killServer(folder);
      await removePlatform(folder, instance ?? undefined);
    },
  };
}

/** Whole names only: /root is no part of /rootfs, nor :80 of :8080. */
function exchanged(text: string, names: readonly (readonly [string, string])[]): string {
  return names.reduce((result, [from, to]) => {
    const whole = new RegExp(`${from.replace(/[.]/g, '\\.')}(?![\\w-])`, 'g');
    return result.replace(whole, () => to);
  }, text);
}

/** This machine's package sources and engine; of its user nothing. */
async function environment(folder: string): Promise<Record<string, string>> {
  const machine = Object.entries(withoutOurs(process.env)).filter(
    ([name]) => !/^(GIT_|XDG_|COMPOSE_|DOCKER_)/.test(name),
  );
  const user = userEnvironment(folder);
  const npmrc = join(homedir(), '.npmrc');
  if (existsSync(npmrc)) symlinkSync(npmrc, join(user['HOME']!, '.npmrc'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(join(root, 'dist', 'cli', 'main.js'), join(bin, 'twelve'));
  await offerCompose(bin);
  return {
    ...Object.fromEntries(machine),
    ...user,
    PATH: `${bin}:${user['PATH']}`,
    // `twelve` of this machine stays what it is; ours is first on the path.
    TWELVE_NO_LINK: '1',
    COMPOSE_PROJECT_NAME: projectOf(folder),
    ...(await otherEngine()),
  };
}

/** Where Compose is a part of the docker command, the page says what to type instead. */
async function offerCompose(bin: string): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '' };
  const asked = await run('docker-compose', ['version'], { env }).catch(() => null);
  if (asked?.status !== 0)
    writeFileSync(join(bin, 'docker-compose'), '#!/bin/sh\nexec docker compose "$@"\n', { mode: 0o755 });
}

/** What a user has to set whose engine, or whose engine's folder, is elsewhere. */
async function otherEngine(): Promise<Record<string, string>> {
  const { DockerRootDir } = await ask<{ DockerRootDir: string }>('GET', '/info');
  return {
    ...(process.env['TWELVE_ENGINE'] ? { TWELVE_ENGINE: engineSocket } : {}),
    ...(process.env['TWELVE_ENGINE'] ? { DOCKER_HOST: `unix://${engineSocket}` } : {}),
    ...(DockerRootDir === '/var/lib/docker'
      ? {}
      : { TWELVE_ENGINE_CONTAINERS: `${DockerRootDir}/containers` }),
  };
}
