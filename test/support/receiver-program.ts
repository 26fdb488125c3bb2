// A program that receives logs, run beside a test: started, stopped or killed in mid-stream, and started again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CertificateFiles {
  caFile: string;
  certFile: string;
  keyFile: string;
}

export interface ReceiverProgram extends AsyncDisposable {
  /** As its service is stopped, or as it crashes. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
}

interface Needs {
  program: string;
  args: readonly string[];
  env: Record<string, string>;
  /** @param said what it printed since it was started */
  isReady(said: string): boolean | Promise<boolean>;
}

export async function startReceiverProgram({ program, args, env, isReady }: Needs): Promise<ReceiverProgram> {
  let child: ReturnType<typeof spawn> | undefined;

  async function start(): Promise<void> {
    let said = '';
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (text) => {
        said += String(text);
      });
    while (!(await isReady(said))) {
      if (started.exitCode !== null || started.signalCode !== null)
        throw new Error(`${program} ended with ${started.exitCode ?? started.signalCode}: ${said}`);
      await sleep(20);
    }
  }

  async function stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
  }

  await start();
  return { start, stop, [Symbol.asyncDispose]: () => stop('SIGKILL') };
}

export async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
