// Programs as a user runs them: to their end, or step by step while what they print is watched.
import { type ChildProcess, spawn } from 'node:child_process';
import { waitFor } from './wait.ts';

export interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** Standard input; without it there is none. */
  input?: string | Buffer;
  env?: Record<string, string>;
}

export interface Running extends AsyncDisposable {
  child: ChildProcess;
  /** What it printed so far, both streams as they came. */
  output(): string;
  /** Resolves when it has printed this. @throws Error with what it printed instead */
  printed(what: string | RegExp, ms?: number): Promise<void>;
  write(text: string): void;
  /** Ctrl-C, as a terminal sends it: to the program and to those it started. */
  interrupt(): void;
  result: Promise<Result>;
}

/** In a process group of its own, so that a signal reaches all of it and nothing else. */
export function start(program: string, args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let both = '';
  let ended: Result | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    both += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    both += text;
  });
  child.stdin.on('error', () => undefined);
  const result = new Promise<Result>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      ended = { status: code ?? (signal === 'SIGINT' ? 130 : 128), stdout, stderr };
      resolve(ended);
    });
  });
  result.catch(() => undefined);
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (ended || child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has just ended.
    }
  };
  const matches = (what: string | RegExp): boolean =>
    typeof what === 'string' ? both.includes(what) : what.test(both);
  return {
    child,
    result,
    output: () => both,
    async printed(what, ms = 60_000) {
      const told = await waitFor(() => matches(what) || ended !== undefined, ms);
      if (!matches(what))
        throw new Error(
          `${program} ${told ? 'ended' : 'did not print'} without ${what}. It printed:\n${both}`,
        );
    },
    write: (text) => void child.stdin.write(text),
    interrupt: () => signalGroup('SIGINT'),
    async [Symbol.asyncDispose]() {
      signalGroup('SIGKILL');
      await result.catch(() => undefined);
    },
  };
}

export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  const running = start(program, args, options);
  running.child.stdin!.end(options.input ?? '');
  return await running.result;
}
