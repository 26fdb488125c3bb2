// The git repository we stand in: its remotes, and how git gets our token.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from './errors.ts';

export interface Remote {
  name: string;
  url: string;
}

/** The name of the remote we make, and look for first. */
export const remoteName = 'platform';

interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

function git(cwd: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    execFile('git', args, { cwd, encoding: 'utf8' }, (error, stdout, stderr) => {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'ENOENT') reject(new CliError('git is not installed here, or not on the PATH.'));
      else resolve({ status: error ? (typeof code === 'number' ? code : 1) : 0, stdout, stderr });
    });
  });
}

async function mustGit(cwd: string, args: readonly string[]): Promise<void> {
  const { status, stderr } = await git(cwd, args);
  if (status !== 0) throw new CliError(`git ${args[0]} failed: ${stderr.trim()}`);
}

export async function isRepository(cwd: string): Promise<boolean> {
  const result = await git(cwd, ['rev-parse', '--git-dir']).catch(() => undefined);
  return result?.status === 0;
}

/** None outside a repository, or without git. */
export async function listRemotes(cwd: string): Promise<Remote[]> {
  const result = await git(cwd, ['config', '-z', '--get-regexp', '^remote\\..*\\.url$']).catch(
    () => undefined,
  );
  if (result?.status !== 0) return [];
  return result.stdout
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const [key = '', ...url] = entry.split('\n');
      return { name: key.slice('remote.'.length, -'.url'.length), url: url.join('\n') };
    });
}

/** The app a remote's URL means on our server: `http://127.0.0.1:5480/hello.git` → `hello`. */
export function appOfRemote(remoteUrl: string, serverUrl: string): string | undefined {
  if (!URL.canParse(remoteUrl)) return undefined;
  const remote = new URL(remoteUrl);
  const server = new URL(serverUrl);
  if (!sameServer(remote, server)) return undefined;
  return /^\/([a-z][a-z0-9-]*)\.git\/?$/.exec(remote.pathname)?.[1];
}

/** localhost and 127.0.0.1 are one machine. */
function sameServer(one: URL, other: URL): boolean {
  const host = (url: URL): string =>
    ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) ? `loopback:${url.port}` : url.host;
  return one.protocol === other.protocol && host(one) === host(other);
}

/** @returns false when a remote of that name points somewhere else, which is left alone */
export async function addRemote(cwd: string, name: string, url: string): Promise<boolean> {
  const known = (await listRemotes(cwd)).find((remote) => remote.name === name);
  if (known) return known.url === url;
  await mustGit(cwd, ['remote', 'add', '--', name, url]);
  return true;
}

/** Points the remote at the URL, whatever it pointed at before. */
export async function setRemote(cwd: string, name: string, url: string): Promise<void> {
  const known = (await listRemotes(cwd)).some((remote) => remote.name === name);
  await mustGit(cwd, ['remote', known ? 'set-url' : 'add', '--', name, url]);
}

/** Removes the remotes of an app that is gone. @returns their names */
export async function removeRemotesOf(cwd: string, app: string, serverUrl: string): Promise<string[]> {
  const names = (await listRemotes(cwd))
    .filter((remote) => appOfRemote(remote.url, serverUrl) === app)
    .map((remote) => remote.name);
  for (const name of names) await mustGit(cwd, ['remote', 'remove', name]);
  return names;
}

/**
 * In this repository, for this server alone, git asks us for the token. The empty value first drops helpers
 * configured elsewhere, so that none of them stores it. An authority that was taken at the login vouches for the server to git, too.
 */
export async function configureCredentials(
  cwd: string,
  gitUrl: string,
  helper: string,
  authorityFile: string | undefined,
): Promise<void> {
  const { origin } = new URL(gitUrl);
  const key = `credential.${origin}.helper`;
  await mustGit(cwd, ['config', '--local', '--replace-all', key, '']);
  await mustGit(cwd, ['config', '--local', '--add', key, helper]);
  const trust = `http.${origin}.sslCAInfo`;
  if (authorityFile) await mustGit(cwd, ['config', '--local', '--replace-all', trust, authorityFile]);
  // Of an authority that was believed once; there may be none.
  else await git(cwd, ['config', '--local', '--unset-all', trust]);
}

/**
 * The helper as git runs it (through a shell): a small script that knows the token of the usual case, and for all others
 * this very program, wherever the PATH points later.
 */
export function credentialHelper(program: string, execArgv: readonly string[] = process.execArgv): string {
  // A source file needs the loader we were started with; a compiled one needs nothing.
  const loader = program.endsWith('.ts') ? execArgv : [];
  const node = besideProgram(program, 'bin/node') ?? process.execPath;
  const script =
    besideProgram(program, credentialsScript) ?? join(import.meta.dirname, '../..', credentialsScript);
  const command = [node, ...loader, program, 'git:credentials'].map(quote).join(' ');
  return `!f() { sh ${quote(script)} "$1" ${command}; }; f`;
}

/** The same file beside the source and beside the compiled program. */
const credentialsScript = 'platform/cli/git-credentials.sh';

/**
 * As the program's own path has it: an installation's leads through a link to the version that runs, whose folder goes some
 * upgrades later. Undefined where there is none, as beside a link to the program alone.
 */
function besideProgram(program: string, file: string): string | undefined {
  const path = join(dirname(program), '../..', file);
  return existsSync(path) ? path : undefined;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
