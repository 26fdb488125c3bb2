// The log router as the server has it, in a thread of its own, which a test can end.
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { createLogs, type Logs, type LogsNeeds } from '../../../platform/logs/logs.ts';

export interface Opened extends Logs, AsyncDisposable {
  problems: string[];
  /** The thread that runs now. */
  thread(): Worker;
}

export async function openLogs(folder: string, more: Partial<LogsNeeds> = {}): Promise<Opened> {
  const problems: string[] = [];
  const threads: Worker[] = [];
  const note = (worker: Worker): unknown => threads.push(worker);
  process.on('worker', note);
  const logs = await createLogs({
    folder: join(folder, 'logs'),
    budgetBytes: 50 << 20,
    onProblem: (message) => problems.push(message),
    ...more,
  });
  return {
    ...logs,
    problems,
    thread: () => threads.at(-1)!,
    async [Symbol.asyncDispose]() {
      process.off('worker', note);
      await logs.close();
    },
  };
}
