// Starting git's programs: argument lists only, an environment of our own, failures with git's last words.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../domain/errors.ts';

export interface Programs {
  start(args: readonly string[], options: StartOptions): ChildProcess;
  /** Runs to the end and gives what it printed. @throws Error with git's own message */
  output(args: readonly string[], options?: OutputOptions): Promise<Buffer>;
}

export interface StartOptions {
  env?: Readonly<Record<string, string>> | undefined;
  stdio: NonNullable<SpawnOptions['stdio']>;
  /** In a process group of its own, so that the programs it starts can be ended with it. */
  detached?: boolean;
}

export interface OutputOptions {
  env?: Readonly<Record<string, string>> | undefined;
  /** Text, or an open file. */
  input?: string | number;
  /** An open file for what it prints; then none of that is given back. */
  into?: number;
  signal?: AbortSignal | undefined;
  /** More output than this is a failure. */
  maxBytes?: number;
  /** It starts programs that wait for others' servers: what ends it ends them, too. */
  group?: boolean;
}

export const usualSearchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @param needs.home folder of our own for git's settings. @param needs.searchPath where programs are looked for */
export async function createPrograms(needs: {
  home: string;
  settings: string;
  searchPath: string;
}): Promise<Programs> {
  await mkdir(needs.home, { recursive: true, mode: 0o700 });
  await writeFile(join(needs.home, '.gitconfig'), needs.settings);
  const base = { HOME: needs.home, PATH: needs.searchPath, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };
  const start: Programs['start'] = (args, { env = {}, stdio, detached = false }) =>
    spawn('git', args, { cwd: needs.home, env: { ...base, ...env }, stdio, detached });
  return { start, output: (args, options = {}) => collect(start, args, options) };
}

async function collect(
  start: Programs['start'],
  args: readonly string[],
  { env, input = '', into, signal, maxBytes = Number.POSITIVE_INFINITY, group = false }: OutputOptions,
): Promise<Buffer> {
  signal?.throwIfAborted();
  const from = typeof input === 'number' ? input : 'pipe';
  const child = start(args, { env, stdio: [from, into ?? 'pipe', 'pipe'], detached: group });
  const stop = (): void => void (group ? killGroup(child) : child.kill('SIGTERM'));
  signal?.addEventListener('abort', stop);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let size = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) out.push(chunk);
    else stop();
  });
  child.stderr!.on('data', (chunk: Buffer) => err.push(chunk));
  // git may end before it has read its input; its exit status says what there is to say.
  child.stdin?.on('error', () => {}).end(input);
  try {
    const status = await ended(child);
    signal?.throwIfAborted();
    if (size > maxBytes) throw new Error(`git ${args[0]} printed more than ${maxBytes} bytes`);
    if (status === 0) return Buffer.concat(out);
    throw new Error(`git ${args[0]} ended with ${status}: ${lastWords(Buffer.concat(err))}`);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGTERM');
  } catch {
    // All of them have ended.
  }
}

/** Exit status, or the signal's name. @throws PlatformError `service_unavailable` when git cannot be started */
export function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new PlatformError(
          'service_unavailable',
          `The server cannot start git (${cause.message}). Install git on the server's machine.`,
          {},
          { cause },
        ),
      ),
    );
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}

export function lastWords(stderr: Buffer): string {
  return stderr.toString('utf8').trim().slice(-1000) || 'it said nothing';
}
