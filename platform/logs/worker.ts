// The thread of the log router: calls from the main thread in, answers out.
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { createLogCore, type LogNeeds } from './core.ts';
import type { Answer, Call } from './link.ts';

const port = parentPort!;
const answer = (message: Answer): void => port.postMessage(message);
const core = createLogCore({
  ...(workerData as Omit<LogNeeds, 'onProblem'>),
  onProblem: (problem) => answer({ problem }),
});

port.on('message', async ({ request, name, args }: Call) => {
  try {
    const run = core[name] as (...args: unknown[]) => unknown;
    const value = await run(...args);
    answer({ request, value });
  } catch (error) {
    const code = error instanceof PlatformError ? error.code : 'internal_server_error';
    answer({ request, error: { code, message: messageOf(error) } });
  }
});
answer({ ready: true });
