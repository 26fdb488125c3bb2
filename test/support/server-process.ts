// The compiled server as a process: started, waited for, killed, started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { waitFor } from './wait.ts';

export const root = join(import.meta.dirname, '..', '..');

/** At its first start it may make images; at others the test that waits for it should still be there to tell. */
const firstMs = 300_000;
const againMs = 120_000;

export interface ServerProcess {
  /** Resolves when it says that it is up. @throws Error with what it printed when it ends instead */
  start(): Promise<void>;
  /** Sends the signal and waits for its end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** What it printed, over all of its lives. */
  printed(): string;
}

/**
 * @param pidFile where its process id is written, for those who clean up after us
 * @param version the clone whose server is started next
 */
export function createServerProcess(
  env: Record<string, string>,
  pidFile: string,
  version: () => string = () => root,
): ServerProcess {
  let child: ChildProcess | undefined;
  let output = '';
  const killWithUs = (): void => void child?.kill('SIGKILL');

  return {
    printed: () => output,
    async start() {
      const folder = version();
      const program = join(folder, 'dist', 'main.js');
      if (!existsSync(program)) throw new Error(`${program} is missing. Build it first: npm run build`);
      const begun = output.length;
      const started = spawn(process.execPath, [program], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      process.once('exit', killWithUs);
      for (const stream of [started.stdout, started.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      await writeFile(pidFile, String(started.pid));
      const ended = (): boolean => started.exitCode !== null || started.signalCode !== null;
      const isUp = (): boolean => output.slice(begun).includes('Twelve is up.');
      await waitFor(() => isUp() || ended(), begun === 0 ? firstMs : againMs);
      if (ended() || !isUp()) {
        const how = ended()
          ? `ended with ${started.exitCode ?? started.signalCode}`
          : 'did not say that it is up';
        throw new Error(
          `The server ${how}. It printed:\n${output.slice(begun)}\nbefore that:\n${output.slice(0, begun).slice(-3000)}`,
        );
      }
    },
    async kill(signal) {
      const running = child;
      child = undefined;
      process.off('exit', killWithUs);
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const end = new Promise((resolve) => running.once('exit', resolve));
      running.kill(signal);
      await end;
    },
  };
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
