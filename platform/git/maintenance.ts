// Packing repositories together some time after their pushes, one at a time, so that no pusher waits for it.
import { messageOf } from '../domain/errors.ts';
import type { Programs } from './programs.ts';

export interface Maintenance {
  /** A push to this repository ended. */
  after(repository: string): void;
  /** The repository is about to be removed. */
  forget(repository: string): void;
  close(): Promise<void>;
}

/** Every push leaves a pack; reading slows down with their number. */
const packsKept = 30;

export function createMaintenance(needs: {
  programs: Programs;
  delayMs: number;
  onProblem(message: string): void;
}): Maintenance {
  const due = new Map<string, NodeJS.Timeout>();
  const stopped = new AbortController();
  let queue: Promise<void> = Promise.resolve();

  function after(repository: string): void {
    clearTimeout(due.get(repository));
    const timer = setTimeout(() => {
      due.delete(repository);
      queue = queue.then(() => tidy(repository));
    }, needs.delayMs);
    timer.unref();
    due.set(repository, timer);
  }

  async function tidy(repository: string): Promise<void> {
    const settings = [
      '-c',
      'gc.auto=5000',
      '-c',
      `gc.autoPackLimit=${packsKept}`,
      '-c',
      'gc.autoDetach=false',
    ];
    try {
      await needs.programs.output([...settings, 'gc', '--auto', '--quiet'], {
        env: { GIT_DIR: repository },
        signal: stopped.signal,
      });
    } catch (error) {
      if (!stopped.signal.aborted) needs.onProblem(`packing ${repository} failed: ${messageOf(error)}`);
    }
  }

  function forget(repository: string): void {
    clearTimeout(due.get(repository));
    due.delete(repository);
  }

  async function close(): Promise<void> {
    stopped.abort();
    for (const repository of [...due.keys()]) forget(repository);
    await queue;
  }

  return { after, forget, close };
}
