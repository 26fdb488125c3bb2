// What is under way: every clone, fetch and push, so that stopping and destroying an app can end them.
import { PlatformError } from '../domain/errors.ts';

export interface Job {
  /** Aborted when the job should end early; a push that is kept does not listen. */
  cancelled: AbortSignal;
}

export interface Work {
  /** @throws PlatformError `service_unavailable` once closed */
  run(appId: string, task: (job: Job) => Promise<void>): Promise<void>;
  cancel(appId: string, reason: PlatformError): void;
  /**
   * Waits no longer than the grace. What is still under way then ends with our process: its hook is answered by nobody,
   * refuses, and git cleans up after itself.
   */
  close(): Promise<void>;
}

interface Entry {
  appId: string;
  controller: AbortController;
  done: Promise<void>;
}

export function createWork(graceMs: number): Work {
  const entries = new Set<Entry>();
  const stopping = 'The server is stopping. Try again in a moment.';
  let closed = false;

  async function run(appId: string, task: (job: Job) => Promise<void>): Promise<void> {
    if (closed) throw new PlatformError('service_unavailable', stopping);
    const controller = new AbortController();
    const done = task({ cancelled: controller.signal });
    const entry: Entry = { appId, controller, done };
    entries.add(entry);
    try {
      await done;
    } finally {
      entries.delete(entry);
    }
  }

  function cancel(appId: string, reason: PlatformError): void {
    for (const entry of entries) if (entry.appId === appId) entry.controller.abort(reason);
  }

  async function close(): Promise<void> {
    closed = true;
    for (const { controller } of entries) controller.abort(new PlatformError('cancelled', stopping));
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([Promise.allSettled([...entries].map(({ done }) => done)), grace]);
    clearTimeout(timer);
  }

  return { run, cancel, close };
}
