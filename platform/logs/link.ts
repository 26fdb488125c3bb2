// The main thread's end of the log router's thread: starts it, calls it, starts it again should it die.
import { Worker } from 'node:worker_threads';
import type { PinnedHost } from '../domain/address.ts';
import { type ErrorCode, messageOf, PlatformError } from '../domain/errors.ts';
import type { LogCore, LogNeeds } from './core.ts';

export interface Call {
  request: number;
  name: keyof LogCore;
  args: unknown[];
}

export interface Answer {
  ready?: true;
  problem?: string;
  /** Looked up and judged here, where all is known that may not be gone to. */
  question?: { id: number; url: string };
  request?: number;
  value?: unknown;
  error?: { code: ErrorCode; message: string };
}

/** To a question of the thread's. */
export interface Reply {
  question: number;
  pinned?: PinnedHost;
  error?: string;
}

export interface Link {
  /** Rejects with `service_unavailable` when the thread dies before it answers. */
  call<Name extends keyof LogCore>(
    name: Name,
    ...args: Parameters<LogCore[Name]>
  ): Promise<Awaited<ReturnType<LogCore[Name]>>>;
  /** Whether there is a thread to call; `onRestart` tells when there is one again. */
  up(): boolean;
  close(): Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const restartMs = 1000;
/** Under a flood nearly all objects live for one batch, and Node would let the room for them grow and never give it back. */
const resourceLimits = { maxYoungGenerationSizeMb: 3 };

/** @param onRestart the thread is a new one and knows nothing of what was followed */
export async function createLink(needs: LogNeeds, onRestart: () => void): Promise<Link> {
  const { onProblem, resolve: resolveHost = nowhere, ...data } = needs;
  const waiting = new Map<number, Waiting>();
  let requests = 0;
  let closed = false;
  let alive = true;
  let worker = await start();

  async function start(): Promise<Worker> {
    const started = startWorker(data);
    await new Promise<void>((resolve, reject) => {
      started.once('error', reject);
      started.once('exit', () => reject(new Error('its thread ended at once')));
      started.on('message', (answer: Answer) => {
        if (answer.ready) resolve();
        else if (answer.question) void look(started, answer.question);
        else take(answer);
      });
    });
    started.removeAllListeners('error');
    started.on('error', (error) => onProblem(`The log router failed: ${messageOf(error)}. It starts again.`));
    started.on('exit', died);
    return started;
  }

  async function look(asking: Worker, { id: question, url }: { id: number; url: string }): Promise<void> {
    let reply: Reply;
    try {
      reply = { question, pinned: await resolveHost(new URL(url)) };
    } catch (error) {
      reply = { question, error: messageOf(error) };
    }
    asking.postMessage(reply);
  }

  function take({ request, value, error, problem }: Answer): void {
    if (problem !== undefined) onProblem(problem);
    if (request === undefined) return;
    const waiter = waiting.get(request);
    waiting.delete(request);
    if (error) waiter?.reject(new PlatformError(error.code, error.message));
    else waiter?.resolve(value);
  }

  function died(): void {
    alive = false;
    const lost = [...waiting.values()];
    waiting.clear();
    for (const one of lost) one.reject(unavailable());
    if (!closed) setTimeout(restart, restartMs);
  }

  function restart(): void {
    if (closed) return;
    start().then(
      (started) => {
        worker = started;
        alive = true;
        onRestart();
      },
      (error) => {
        onProblem(`The log router does not start: ${messageOf(error)}.`);
        setTimeout(restart, restartMs);
      },
    );
  }

  return {
    call(name, ...args) {
      const request = ++requests;
      return new Promise((resolve, reject) => {
        if (closed || !alive) return reject(unavailable());
        waiting.set(request, { resolve: resolve as Waiting['resolve'], reject });
        worker.postMessage({ request, name, args } satisfies Call);
      });
    },
    up: () => alive && !closed,
    async close() {
      closed = true;
      await worker.terminate();
    },
  };
}

/** From dist the thread is plain JavaScript. From source it registers tsx itself: on Node 20 `--import tsx` does not reach a thread's first file. */
function startWorker(workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./worker.js', import.meta.url), { workerData, resourceLimits });
  const tsx = import.meta.resolve('tsx/esm/api');
  const file = new URL('./worker.ts', import.meta.url).href;
  const first = `import(${JSON.stringify(tsx)}).then(({ register }) => { register(); return import(${JSON.stringify(file)}); })`;
  return new Worker(first, { eval: true, workerData, resourceLimits, execArgv: [] });
}

async function nowhere(): Promise<never> {
  throw new PlatformError('invalid_params', 'This log has no drains.');
}

function unavailable(): PlatformError {
  return new PlatformError('service_unavailable', 'The log is not available at this moment. Try again.');
}
