// The builds that are on their way: each can be cancelled until its release exists, and all of them end with the server.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { PlatformError } from '../domain/errors.ts';

export interface RunningBuild {
  /** Aborted when it is cancelled, when the server stops, and by the signal that it was begun with. */
  signal: AbortSignal;
  /** Its release exists: from now on nothing cancels it. */
  keep(): void;
  /** It has failed, and has ended once that is stored too. */
  endsWith(stored: Promise<void> | undefined): void;
  end(): void;
}

export interface RunningBuilds {
  begin(id: string, signal: AbortSignal): RunningBuild;
  /** @returns when it has ended; null when there is no such build. @throws PlatformError `conflict`: its release exists */
  cancel(id: string, who: string): Promise<void> | null;
  /** Resolves when it has ended; at once where there is no such build. */
  ended(id: string): Promise<void>;
  /** Whether the server stops. */
  readonly stops: boolean;
  /** Cancels those that are not kept, and waits for these to end; not for what cannot be stored. */
  close(): Promise<void>;
}

interface Entry {
  abort: AbortController;
  kept: boolean;
  stored?: Promise<void> | undefined;
  ended: Promise<void>;
}

/** An engine that does not answer holds no server up. */
const graceMs = 10_000;

/** Given to builds that are cancelled because the server stops. */
export const stopping = new PlatformError('cancelled', 'The build was cancelled: the server was stopped.');

export function createRunningBuilds(): RunningBuilds {
  const entries = new Map<string, Entry>();
  let closed = false;

  return {
    begin(id, signal) {
      const abort = new AbortController();
      let finish!: () => void;
      const ended = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const entry: Entry = { abort, kept: false, ended };
      entries.set(id, entry);
      // Not AbortSignal.any: a signal may be that of many builds, and keeps every one that was combined of it (Node 20).
      setMaxListeners(0, signal);
      const given = (): void => abort.abort(signal.reason);
      if (signal.aborted) given();
      else signal.addEventListener('abort', given);
      if (closed) abort.abort(stopping);
      return {
        signal: abort.signal,
        keep() {
          entry.kept = true;
        },
        endsWith(stored) {
          entry.stored = stored;
        },
        end() {
          signal.removeEventListener('abort', given);
          const over = (): void => {
            entries.delete(id);
            finish();
          };
          if (entry.stored) void entry.stored.then(over);
          else over();
        },
      };
    },

    cancel(id, who) {
      const entry = entries.get(id);
      if (!entry) return null;
      if (entry.kept) {
        throw new PlatformError(
          'conflict',
          'This build has made its release already, which nothing cancels. Go back with: twelve rollback',
        );
      }
      entry.abort.abort(new PlatformError('cancelled', `The build was cancelled by ${who}.`));
      return entry.ended;
    },

    ended: async (id) => await entries.get(id)?.ended,

    get stops() {
      return closed;
    },

    async close() {
      closed = true;
      const open = [...entries.values()].filter(({ kept, stored }) => !kept && !stored);
      for (const { abort } of open) abort.abort(stopping);
      await Promise.race([Promise.all(open.map(({ ended }) => ended)), sleep(graceMs, null, { ref: false })]);
    },
  };
}

/** What a build whose signal was aborted says. */
export function cancelled(reason: unknown): PlatformError {
  const said = reason instanceof PlatformError ? reason.message : '';
  if (said.startsWith('The build was cancelled')) return reason as PlatformError;
  return new PlatformError('cancelled', `The build was cancelled. ${said}`.trim(), {}, { cause: reason });
}
