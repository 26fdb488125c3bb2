// The platform as a user has it: the server's own process, the CLI, git with the credential helper, deployed apps.
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../platform/engine/labels.ts';
import { type Bench, removeAll } from './bench.ts';
import type { Target } from './polling.ts';
import { type BenchServer, createServer, packageRoot, type ServerOptions } from './server.ts';
import { type ToldLine, told } from './told.ts';

export interface BenchPlatform {
  server: BenchServer;
  /** What the command needs of the environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** The command `twelve`. */
  cli(...args: string[]): Promise<string>;
  /** Program, arguments and environment of a command that goes on. */
  startCli(...args: string[]): ReturnType<Bench['programs']['start']>;
  /** A request to the API. @returns what it answered; @throws Error when it refused */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Creates an app from an example of apps/ or from another folder (its whole path), with a repository of its own. */
  create(name: string, example: string): Promise<DeployedApp>;
  /** … and pushes it. */
  deploy(name: string, example: string): Promise<DeployedApp>;
  /** Ends the server, and removes what it has on the engine. */
  remove(): Promise<void>;
}

export interface DeployedApp {
  name: string;
  /** The user's repository. */
  folder: string;
  /** Where visitors find it. */
  target: Target;
  commit(): Promise<void>;
  push(): Promise<void>;
  /** What the push says, each line with the time when it came. */
  pushTold(): Promise<ToldLine[]>;
  /** Ids of its processes' containers. */
  containers(): Promise<string[]>;
  /** Resolves when exactly so many containers are left, so that no round disturbs the next. */
  settled(count: number): Promise<void>;
}

/** The program `twelve`, as arguments to Node. */
export const program = [join(packageRoot, 'dist', 'cli', 'main.js')];

/** The one that most rows share. Its budget of log lines (MB) is such that no row is about it. */
export function benchPlatform(bench: Bench): Promise<BenchPlatform> {
  return bench.once('platform', () =>
    startPlatform(bench, { instance: bench.id, settings: { TWELVE_LOG_BUDGET: '400' } }),
  );
}

/** Another one, for a row that stops it, counts it or looks into it. */
export async function startPlatform(
  bench: Bench,
  options: Partial<ServerOptions> = {},
): Promise<BenchPlatform> {
  bench.say('starting a platform');
  const server = await createServer(bench, { instance: bench.newId(), ...options });
  const folder = join(bench.folder, server.instance);
  const env = {
    ...process.env,
    TWELVE_URL: server.apiUrl,
    TWELVE_TOKEN: server.token,
    XDG_CONFIG_HOME: join(folder, 'config'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...person('AUTHOR'),
    ...person('COMMITTER'),
  };
  const run: Run = async (file, args, cwd) =>
    (await bench.programs.run(file, args, { env, ...(cwd ? { cwd } : {}) })).stdout;

  const create = (name: string, example: string): Promise<DeployedApp> =>
    makeApp(bench, { server, run, env, folder: join(folder, 'repositories', name) }, name, example);

  return {
    server,
    env,
    cli: (...args) => run(process.execPath, [...program, ...args]),
    startCli: (...args) => bench.programs.start(process.execPath, [...program, ...args], { env }),
    async api(method, path, body) {
      const answer = await fetch(`${server.apiUrl}${path}`, {
        method,
        headers: { Authorization: `Bearer ${server.token}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path} was answered with ${await answer.text()}`);
      return answer.json();
    },
    create,
    async deploy(name, example) {
      const app = await create(name, example);
      await app.commit();
      await app.push();
      return app;
    },
    async remove() {
      await server.stop();
      await removeAll(server.instance);
    },
  };
}

type Run = (file: string, args: string[], cwd?: string) => Promise<string>;

async function makeApp(
  bench: Bench,
  { server, run, env, folder }: { server: BenchServer; run: Run; env: NodeJS.ProcessEnv; folder: string },
  name: string,
  example: string,
): Promise<DeployedApp> {
  const from = resolve(packageRoot, 'apps', example);
  await cp(from, folder, {
    recursive: true,
    filter: (path) => !path.startsWith(join(from, 'node_modules')),
  });
  const git = (...args: string[]): Promise<string> => run('git', args, folder);
  await git('init', '--quiet', '--initial-branch=main');
  await run(process.execPath, [...program, 'apps:create', name], folder);
  const filters = [
    `${label.instance}=${server.instance}`,
    `${label.appName}=${name}`,
    `${label.kind}=process`,
  ];
  const containers = async (): Promise<string[]> =>
    (await bench.docker('ps', '-aq', ...filters.flatMap((one) => ['--filter', `label=${one}`])))
      .split('\n')
      .filter(Boolean);
  return {
    name,
    folder,
    target: { host: '127.0.0.1', port: server.http, name: `${name}.localhost` },
    async commit() {
      await git('add', '--all');
      await git('commit', '--quiet', '--message=A change');
    },
    async push() {
      await git('push', '--quiet', 'platform', 'main');
    },
    pushTold: () => told(bench.programs.start('git', ['push', 'platform', 'main'], { cwd: folder, env })),
    containers,
    async settled(count) {
      for (let tries = 0; (await containers()).length !== count; tries++) {
        if (tries > 300) throw new Error(`${name} does not come to rest with ${count} containers`);
        await sleep(200);
      }
      // What the server does behind a change (old files, garbage) ends too.
      await sleep(500);
    },
  };
}

function person(role: string): Record<string, string> {
  return { [`GIT_${role}_NAME`]: 'Bench', [`GIT_${role}_EMAIL`]: 'bench@localhost' };
}
