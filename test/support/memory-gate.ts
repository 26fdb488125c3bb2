// What stands between a client and a simulated engine: a record of calls, failures on demand, and outages.
import { PlatformError } from '../../platform/domain/errors.ts';

export interface Gate {
  calls: string[];
  failures: Map<string, Error[]>;
  /** Aborted while the engine is away. */
  outage(): AbortSignal;
  /** The next call of it is carried out and not answered. */
  lastWords: Map<string, () => void>;
}

type Method = (...given: never[]) => Promise<unknown>;

export interface Passage {
  guard<T extends object>(methods: T): T;
  readonly closed: AbortSignal;
  close(): void;
}

/** One client's way in. */
export function createPassage(gate: Gate): Passage {
  const closing = new AbortController();

  const guarded =
    (name: string, method: Method): Method =>
    async (...given) => {
      gate.calls.push([name, ...given.slice(0, 1).map(nameOf)].join(' '));
      // A real engine answers later; who relies on an answer within the same tick would not notice here.
      await Promise.resolve();
      const lost = AbortSignal.any([closing.signal, gate.outage()]);
      if (lost.aborted) throw unavailable();
      const failure = gate.failures.get(name)?.shift();
      if (failure) throw failure;
      const answer = unless(lost, method(...given));
      const leave = gate.lastWords.get(name);
      if (!leave) return answer;
      gate.lastWords.delete(name);
      leave();
      await answer.catch(() => {});
      throw unavailable();
    };

  return {
    guard<T extends object>(methods: T): T {
      const pairs = Object.entries(methods).map(([name, method]) => [name, guarded(name, method as Method)]);
      return Object.fromEntries(pairs) as T;
    },
    closed: closing.signal,
    close: () => closing.abort(),
  };
}

/** Who waits for an answer while the engine goes away does not get it. */
function unless<T>(lost: AbortSignal, answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const loss = new Promise<never>((_resolve, reject) => {
    lost.addEventListener('abort', () => reject(unavailable()), { signal: over.signal });
  });
  return Promise.race([answer, loss]).finally(() => over.abort());
}

function unavailable(): PlatformError {
  return new PlatformError('engine_unavailable', 'No container engine answers.');
}

function nameOf(given: unknown): string {
  if (typeof given !== 'object' || given === null) return String(given);
  const { name, tag, reference } = given as Record<string, unknown>;
  return String(name ?? tag ?? reference ?? JSON.stringify(given));
}
