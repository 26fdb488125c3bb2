// Programs as a user runs them: argument lists, output kept for a failure's message, all ended when the run ends.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

export interface Ran {
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

export type Programs = ReturnType<typeof createPrograms>;

export function createPrograms() {
  const running = new Set<ChildProcess>();
  let ending = false;

  function start(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    if (ending) throw new Error('stopped');
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(child);
    child.once('close', () => running.delete(child));
    child.once('error', () => running.delete(child));
    return child;
  }

  return {
    start,

    /** @throws Error with what the program said when its status is not 0 */
    run: (program: string, args: readonly string[], options: ProgramOptions = {}): Promise<Ran> =>
      ended(start(program, args, options), `${program} ${args.slice(0, 3).join(' ')}`),

    /** In a session of its own, with an order as JSON on its standard input. @returns its output; @throws Error as `run` */
    async tell(program: string, args: readonly string[], order: unknown): Promise<string> {
      const child = start(program, args, { stdio: 'pipe', detached: true });
      // One that ended before it read says why itself.
      child.stdin!.on('error', () => {}).end(JSON.stringify(order));
      return (await ended(child, `${program} ${args.slice(0, 3).join(' ')}`)).stdout;
    },

    /** Nothing is started any more; what runs gets SIGTERM and, five seconds later, SIGKILL. */
    async endAll(): Promise<void> {
      ending = true;
      const children = [...running];
      const gone = children.map((child) => new Promise((resolve) => child.once('close', resolve)));
      for (const child of children) child.kill('SIGTERM');
      const timer = setTimeout(() => children.map((child) => child.kill('SIGKILL')), 5000);
      await Promise.all(gone);
      clearTimeout(timer);
    },
  };
}

/** Runs apart from the terminal's process group, so that a second Ctrl-C does not cut the cleaning up short. */
export function runApart(program: string, args: readonly string[]): Promise<Ran> {
  return ended(
    spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true }),
    `${program} ${args[0]}`,
  );
}

function ended(child: ChildProcess, what: string): Promise<Ran> {
  const ran: Ran = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status === 0) resolve(ran);
      else
        reject(
          new Error(`${what} ended with ${status ?? signal}:\n${(ran.stderr || ran.stdout).slice(-2000)}`),
        );
    });
  });
}
