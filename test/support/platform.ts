// A whole platform of a test's own: the compiled server, the CLI and git as a user runs them, visitors. Disposing it leaves nothing.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, createApi } from './api.ts';
import { type AppRepository, createRepository, must } from './app-repository.ts';
import { type Container, containers, engineSocket } from './engine-socket.ts';
import { clearLeftovers, makeFolder, removePlatform } from './leftovers.ts';
import { type Result, type Running, type RunOptions, run, start } from './program.ts';
import { createServerProcess, freePorts, root, type ServerProcess } from './server-process.ts';
import { type Answer, type Crowd, crowd, type VisitOptions, visit } from './visit.ts';

export interface TestPlatform extends AsyncDisposable {
  url: string;
  token: string;
  /** Id on the engine's labels. */
  instance: string;
  dataFolder: string;
  httpPort: number;
  /** What the CLI and git are run with. */
  env: Record<string, string>;
  cli(args: readonly string[], options?: RunOptions): Promise<Result>;
  /** A CLI that goes on while the test does. */
  cliStart(args: readonly string[], options?: RunOptions): Running;
  /** The command line of a CLI run, for programs that start it. */
  cliCommand: string;
  /** Any program, in the user's environment. */
  start(program: string, args: readonly string[], options?: RunOptions): Running;
  git(args: readonly string[], options?: RunOptions): Promise<Result>;
  gitStart(args: readonly string[], options?: RunOptions): Running;
  api: Api;
  visit(app: string, path?: string, options?: VisitOptions): Promise<Answer>;
  crowd(app: string, options?: Parameters<typeof crowd>[2]): Crowd;
  /** A repository on the user's side; see createRepository. */
  newApp(fixture: string | null, files?: Record<string, string | null>): Promise<AppRepository>;
  /** The same, with an app created for it, and its config set. */
  createApp(
    name: string,
    fixture: string | null,
    given?: { files?: Record<string, string | null>; config?: Record<string, string> },
  ): Promise<AppRepository>;
  /** Pushes to the app's main. @throws Error with what git printed when it was refused */
  push(repository: AppRepository, ...args: string[]): Promise<string>;
  /** Containers of this platform, of one app, of one kind (`process`, `run`, `build`, …); builds' only when asked for. */
  containers(app?: string, kind?: string): Promise<Container[]>;
  restart(how?: { signal: NodeJS.Signals }): Promise<void>;
  stop(signal: NodeJS.Signals): Promise<void>;
  kill9(): Promise<void>;
  startAgain(): Promise<void>;
  /** What the server printed. */
  serverOutput(): string;
}

interface Options {
  /** false: the test logs in itself. */
  login?: boolean;
  /** How the server runs; as a process of its own unless told. */
  server?: (env: Record<string, string>, folder: string) => Promise<ServerProcess>;
  /** The clone whose server is started next, and whose command line is used; this one unless told. */
  version?: () => string;
}

/** @param settings TWELVE_* of the server */
export async function startPlatform(
  settings: Record<string, string> = {},
  options: Options = {},
): Promise<TestPlatform> {
  await clearLeftovers();
  const folder = makeFolder();
  const dataFolder = join(folder, 'data');
  const [freePort, httpPort] = (await freePorts(2)) as [number, number];
  // A test that wants another address for the API says which port, too.
  const apiPort = Number(settings['TWELVE_API']?.split(':').at(-1) ?? freePort);
  const env = {
    ...withoutOurs(process.env),
    TWELVE_DATA: dataFolder,
    TWELVE_RUN: join(folder, 'run'),
    TWELVE_API: `127.0.0.1:${apiPort}`,
    TWELVE_HTTP: `127.0.0.1:${httpPort}`,
    TWELVE_ENGINE: engineSocket,
    ...settings,
  };
  const version = options.version ?? (() => root);
  const server = await (options.server?.(env, folder) ??
    createServerProcess(env, join(folder, 'server'), version));
  let instance: string | undefined;
  const dispose = async (): Promise<void> => {
    await server.kill('SIGKILL');
    await removePlatform(folder, instance);
  };
  try {
    await server.start();
    instance = readFileSync(join(dataFolder, 'instance'), 'utf8').trim();
    const platform = describe({ folder, dataFolder, instance, apiPort, httpPort, server, version, dispose });
    if (options.login !== false) await must(platform.cli(['login', platform.url], { input: platform.token }));
    return platform;
  } catch (error) {
    await dispose();
    throw error;
  }
}

interface Parts {
  folder: string;
  dataFolder: string;
  instance: string;
  apiPort: number;
  httpPort: number;
  server: ServerProcess;
  version(): string;
  dispose(): Promise<void>;
}

function describe({
  folder,
  dataFolder,
  instance,
  apiPort,
  httpPort,
  server,
  version,
  dispose,
}: Parts): TestPlatform {
  const env = userEnvironment(folder);
  const url = `http://127.0.0.1:${apiPort}`;
  const token = readFileSync(join(dataFolder, 'admin-token'), 'utf8').trim();
  const asUser = (given: RunOptions): RunOptions => ({
    cwd: folder,
    ...given,
    env: { ...env, ...given.env },
  });
  const program = (): string => join(version(), 'dist', 'cli', 'main.js');
  const platform: TestPlatform = {
    url,
    token,
    instance,
    dataFolder,
    httpPort,
    env,
    cli: (args, given = {}) => run(process.execPath, [program(), ...args], asUser(given)),
    cliStart: (args, given = {}) => start(process.execPath, [program(), ...args], asUser(given)),
    cliCommand: `${process.execPath} ${program()}`,
    start: (name, args, given = {}) => start(name, args, asUser(given)),
    git: (args, given = {}) => run('git', args, asUser(given)),
    gitStart: (args, given = {}) => start('git', args, asUser(given)),
    api: createApi(url, token, server.printed),
    visit: (app, path = '/', given = {}) => visit(httpPort, `${app}.localhost`, path, given),
    crowd: (app, given = {}) => crowd(httpPort, `${app}.localhost`, given),
    newApp: (fixture, files = {}) => createRepository(folder, env, fixture, files),
    async createApp(name, fixture, { files = {}, config = {} } = {}) {
      const repository = await platform.newApp(fixture, files);
      await must(platform.cli(['apps:create', name], { cwd: repository.folder }));
      const vars = Object.entries(config).map(([key, value]) => `${key}=${value}`);
      if (vars.length > 0) await must(platform.cli(['config:set', ...vars], { cwd: repository.folder }));
      return repository;
    },
    async push(repository, ...args) {
      const pushed = await must(
        platform.git(['push', 'platform', 'main', ...args], { cwd: repository.folder }),
      );
      return pushed.stderr;
    },
    async containers(app, kind) {
      const found = await containers({
        'twelve.instance': instance,
        ...(app ? { 'twelve.app-name': app } : {}),
        ...(kind ? { 'twelve.kind': kind } : {}),
      });
      // One may wait for the next push, or may not yet: no test is about that unless it asks.
      return kind ? found : found.filter((one) => one.labels['twelve.kind'] !== 'build');
    },
    async restart({ signal } = { signal: 'SIGTERM' }) {
      await server.kill(signal);
      await server.start();
    },
    stop: (signal) => server.kill(signal),
    kill9: () => server.kill('SIGKILL'),
    startAgain: () => server.start(),
    serverOutput: server.printed,
    [Symbol.asyncDispose]: dispose,
  };
  return platform;
}

/** A user's machine: a home of its own, a name for git, no terminal to be asked on. */
export function userEnvironment(folder: string): Record<string, string> {
  const home = join(folder, 'home');
  mkdirSync(home);
  writeFileSync(
    join(home, '.gitconfig'),
    '[user]\n\tname = Tester\n\temail = tester@example.com\n[advice]\n\tdetachedHead = false\n',
  );
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    LANG: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}

/** Of this process, but for what says how it is tested. */
export function withoutOurs(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('TWELVE_'),
    ),
  );
}
