// The platform as a user has it: the server's own process, the CLI, git with the credential helper, a deployed app.
import { createWriteStream } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../platform/engine/labels.ts';
import type { Bench } from './bench.ts';
import { freePorts, type Target } from './polling.ts';

export const packageRoot = join(import.meta.dirname, '..', '..');

export interface BenchPlatform {
  /** The command `twelve`. */
  cli(...args: string[]): Promise<string>;
  /** Program, arguments and environment of a command that goes on. */
  startCli(...args: string[]): ReturnType<Bench['programs']['start']>;
  /** Creates an app from an example of apps/, with a repository of its own, and pushes it. */
  deploy(name: string, example: string): Promise<DeployedApp>;
}

export interface DeployedApp {
  name: string;
  /** The user's repository. */
  folder: string;
  /** Where visitors find it. */
  target: Target;
  commit(): Promise<void>;
  push(): Promise<void>;
  /** Ids of its processes' containers. */
  containers(): Promise<string[]>;
  /** Resolves when exactly so many containers are left, so that no round disturbs the next. */
  settled(count: number): Promise<void>;
}

/** MB, so that no row is about the budget. */
const logBudget = 400;

export function benchPlatform(bench: Bench): Promise<BenchPlatform> {
  return bench.once('platform', () => start(bench));
}

async function start(bench: Bench): Promise<BenchPlatform> {
  bench.say('starting a platform');
  const data = join(bench.folder, 'data');
  const [api, http] = await freePorts(2);
  await mkdir(data, { mode: 0o700 });
  await writeFile(join(data, 'instance'), `${bench.id}\n`);
  await serve(bench, {
    TWELVE_DATA: data,
    TWELVE_RUN: join(bench.folder, 'run'),
    TWELVE_API: `127.0.0.1:${api}`,
    TWELVE_HTTP: `127.0.0.1:${http}`,
    TWELVE_DOMAIN: 'localhost',
    TWELVE_LOG_BUDGET: String(logBudget),
  });
  const env = {
    ...process.env,
    TWELVE_URL: `http://127.0.0.1:${api}`,
    TWELVE_TOKEN: (await readFile(join(data, 'admin-token'), 'utf8')).trim(),
    XDG_CONFIG_HOME: join(bench.folder, 'config'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    ...person('AUTHOR'),
    ...person('COMMITTER'),
  };
  const program = [join(packageRoot, 'dist', 'cli', 'main.js')];
  const run = async (file: string, args: string[], cwd?: string): Promise<string> =>
    (await bench.programs.run(file, args, { env, ...(cwd ? { cwd } : {}) })).stdout;

  async function deploy(name: string, example: string): Promise<DeployedApp> {
    bench.say(`deploying apps/${example} as ${name}`);
    const folder = join(bench.folder, 'repositories', name);
    const from = join(packageRoot, 'apps', example);
    await cp(from, folder, {
      recursive: true,
      filter: (path) => !path.startsWith(join(from, 'node_modules')),
    });
    const git = (...args: string[]): Promise<string> => run('git', args, folder);
    await git('init', '--quiet', '--initial-branch=main');
    await run(process.execPath, [...program, 'apps:create', name], folder);
    const app: DeployedApp = {
      name,
      folder,
      target: { host: '127.0.0.1', port: http!, name: `${name}.localhost` },
      async commit() {
        await git('add', '--all');
        await git('commit', '--quiet', '--message=A change');
      },
      async push() {
        await git('push', '--quiet', 'platform', 'main');
      },
      containers: async () =>
        (
          await bench.docker(
            ...['ps', '-aq', '--filter', `label=${label.instance}=${bench.id}`],
            ...['--filter', `label=${label.appName}=${name}`, '--filter', `label=${label.kind}=process`],
          )
        )
          .split('\n')
          .filter(Boolean),
      async settled(count) {
        for (let tries = 0; (await app.containers()).length !== count; tries++) {
          if (tries > 300) throw new Error(`${name} does not come to rest with ${count} containers`);
          await sleep(200);
        }
        // What the server does behind a change (old files, garbage) ends too.
        await sleep(500);
      },
    };
    await app.commit();
    await app.push();
    return app;
  }

  return {
    deploy,
    cli: (...args) => run(process.execPath, [...program, ...args]),
    startCli: (...args) => bench.programs.start(process.execPath, [...program, ...args], { env }),
  };
}

/** Resolves when the server says that it is up. */
async function serve(bench: Bench, settings: Record<string, string>): Promise<void> {
  const server = bench.programs.start(process.execPath, [join(packageRoot, 'dist', 'main.js')], {
    env: { ...process.env, ...settings },
    // Ctrl-C is for us; the server is ended with all else.
    detached: true,
  });
  const log = join(bench.folder, 'server.log');
  const kept = createWriteStream(log);
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr!.on('data', (text) => kept.write(text));
    server.stdout!.on('data', (text) => {
      kept.write(text);
      said += text;
      if (said.includes('Twelve is up')) resolve();
    });
    server.once('error', reject);
    server.once('exit', async (status) =>
      reject(
        new Error(
          `The server ended with ${status}:\n${await readFile(log, 'utf8').then((text) => text.slice(-2000))}`,
        ),
      ),
    );
  });
}

function person(role: string): Record<string, string> {
  return { [`GIT_${role}_NAME`]: 'Bench', [`GIT_${role}_EMAIL`]: 'bench@localhost' };
}
