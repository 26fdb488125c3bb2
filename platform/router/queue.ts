// One thing at a time, in the order asked.
import { PlatformError } from '../domain/errors.ts';

export interface Queue {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Ends what runs; what waits is refused. */
  close(): Promise<void>;
}

export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  return {
    run(work) {
      const result = last.then(() => {
        if (closed) throw new PlatformError('cancelled', 'The router is being closed.');
        return work();
      });
      last = result.catch(() => undefined);
      return result;
    },
    async close() {
      closed = true;
      await last;
    },
  };
}
