// A git station behind a real HTTP server, and a real git client that knows nothing of this machine's settings.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PlatformError } from '../../../platform/domain/errors.ts';
import {
  allowLongRequests,
  createGit,
  type Git,
  type GitNeeds,
  type Push,
} from '../../../platform/git/git.ts';

export const token = 'secret-token';

export interface TestServer extends AsyncDisposable {
  git: Git;
  url: string;
  folder: string;
  remote(app?: string, password?: string): string;
  pushes: Push[];
  problems: string[];
  requests: IncomingMessage[];
}

export async function startServer(
  deploy: (push: Push) => Promise<void> = async () => {},
  more: Partial<GitNeeds> = {},
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-git-'));
  const pushes: Push[] = [];
  const problems: string[] = [];
  const requests: IncomingMessage[] = [];
  const git = await createGit({
    folder: join(folder, 'data'),
    runFolder: join(folder, 'run'),
    authenticate: async (given) => (given === token ? { id: 'user-1', email: 'ada@example.com' } : null),
    findApp: async (name) => (/^(hello|other)$/.test(name) ? { id: `id-of-${name}`, name } : null),
    deploy: async (push) => {
      pushes.push(push);
      await deploy(push);
    },
    onProblem: (message) => problems.push(message),
    resolve: async ({ hostname }) => {
      throw new PlatformError('invalid_params', `${hostname} is not for this test.`);
    },
    ...more,
  });
  const server = createServer((request, response) => {
    requests.push(request);
    response.setHeader('Request-Id', `request-${requests.length}`);
    void git.handle(request, response).then((handled) => {
      if (!handled) response.writeHead(418).end('not git');
    });
  });
  allowLongRequests(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    git,
    url: `http://127.0.0.1:${port}`,
    folder,
    pushes,
    problems,
    requests,
    remote: (app = 'hello', password = token) => `http://any:${password}@127.0.0.1:${port}/${app}.git`,
    async [Symbol.asyncDispose]() {
      await git.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Ran {
  status: number | null;
  /** Standard error, as the user sees it (without the spaces git pads `remote:` lines with). */
  shown: string;
  out: string;
}

const clientEnv = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  LC_ALL: 'C',
};

/** A client in a process group of its own, as a terminal would have it. */
export function startClient(folder: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn('git', args, { cwd: folder, env: { ...clientEnv, ...env }, detached: true });
}

export async function client(folder: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = startClient(folder, args, env);
  let shown = '';
  let out = '';
  child.stderr!.on('data', (chunk) => {
    shown += chunk;
  });
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, shown: shown.replace(/ +$/gm, ''), out: out.trim() };
}

/** @throws when git fails: for steps that prepare a test */
export async function must(folder: string, ...args: string[]): Promise<string> {
  const ran = await client(folder, args);
  if (ran.status !== 0) throw new Error(`git ${args.join(' ')}: ${ran.shown}`);
  return ran.out;
}

/** A repository with one commit of these files on main. */
export async function repositoryWith(
  server: TestServer,
  files: Record<string, string> = { 'index.js': 'hello\n' },
): Promise<string> {
  const folder = await mkdtemp(join(server.folder, 'work-'));
  await must(folder, 'init', '-q', '-b', 'main');
  await commit(folder, files);
  return folder;
}

export async function commit(
  folder: string,
  files: Record<string, string>,
  message = 'A change',
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  await must(folder, 'add', '-A');
  await must(folder, 'commit', '-q', '--allow-empty', '-m', message);
  return must(folder, 'rev-parse', 'HEAD');
}

/** Command lines of git's programs and hooks that still work on this server's repositories. */
export async function gitProcesses(server: TestServer): Promise<string[]> {
  const found: string[] = [];
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    const environment = await readFile(`/proc/${id}/environ`, 'utf8').catch(() => '');
    if (environment.includes(server.folder) && /(receive|upload)-pack|pre-receive/.test(line))
      found.push(line);
  }
  return found;
}

export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never came true: ${what}`);
}
