// The thread of the log router: calls from the main thread in, answers out, and questions that only the main one can answer.
import { parentPort, workerData } from 'node:worker_threads';
import type { PinnedHost, ResolveSafely } from '../domain/address.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { createLogCore, type LogNeeds } from './core.ts';
import type { Answer, Call, Reply } from './link.ts';
import type { ShownLines } from './shown.ts';
import type { TailBatch } from './tail.ts';

const port = parentPort!;
const answer = (message: Answer, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved);
const questions = new Map<number, (reply: Reply) => void>();
let asked = 0;

const resolve: ResolveSafely = (url, signal) =>
  new Promise<PinnedHost>((done, fail) => {
    const id = ++asked;
    const abort = (): void => give({ question: id, error: messageOf(signal?.reason) });
    const give = ({ pinned, error }: Reply): void => {
      questions.delete(id);
      signal?.removeEventListener('abort', abort);
      if (pinned) done(pinned);
      else fail(new PlatformError('invalid_params', error ?? 'It was not looked up.'));
    };
    questions.set(id, give);
    signal?.addEventListener('abort', abort);
    answer({ question: { id, url: url.href } });
  });

const core = createLogCore({
  ...(workerData as Omit<LogNeeds, 'onProblem' | 'resolve'>),
  resolve,
  onProblem: (problem) => answer({ problem }),
});

port.on('message', async (message: Call | Reply) => {
  if ('question' in message) return void questions.get(message.question)?.(message);
  const { request, name, args } = message;
  try {
    const run = core[name] as (...args: unknown[]) => unknown;
    const value = await run(...args);
    answer({ request, value }, name === 'nextOfTail' ? movedWith(value as TailBatch<ShownLines>) : []);
  } catch (error) {
    const code = error instanceof PlatformError ? error.code : 'internal_server_error';
    answer({ request, error: { code, message: messageOf(error) } });
  }
});
answer({ ready: true });

/** What the other thread gets without a copy. */
function movedWith(batch: TailBatch<ShownLines>): ArrayBuffer[] {
  return 'lines' in batch && batch.lines ? [batch.lines.bytes.buffer] : [];
}
