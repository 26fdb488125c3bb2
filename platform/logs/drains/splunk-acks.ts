// Waiting for the indexer: one question for all that is not acknowledged yet, again and again.
import { steadyMs } from '../../domain/time-limit.ts';
import type { Reply } from './poster.ts';

export interface Acknowledgements {
  /** Resolves once it is acknowledged; rejects when that cannot be expected any more. */
  arrived(id: number, channel: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface AcknowledgementNeeds {
  ask(ids: number[], channel: string, signal: AbortSignal): Promise<Reply>;
  wait(ms: number, signal: AbortSignal): Promise<unknown>;
  /** Another number than before: whoever answers now may not be who took it. */
  breaks(): number;
}

const firstPauseMs = 250;
/** Short enough for a connection to stay open. */
const longestPauseMs = 3000;
/** Splunk's own clients send again after as long. */
const patienceMs = 5 * 60_000;

interface Waiting {
  channel: string;
  id: number;
  until: number;
  breaks: number;
  resolve(): void;
  reject(error: Error): void;
  settled(): void;
}

export function createAcknowledgements({ ask, wait, breaks }: AcknowledgementNeeds): Acknowledgements {
  const closing = new AbortController();
  const waiting = new Set<Waiting>();
  let asking = false;

  async function round(): Promise<void> {
    asking = true;
    try {
      for (let pause = firstPauseMs; waiting.size > 0; pause = Math.min(longestPauseMs, pause * 1.5)) {
        await wait(pause, closing.signal);
        for (const channel of new Set([...waiting].map((one) => one.channel)))
          if (await askFor(channel)) pause = firstPauseMs;
      }
    } finally {
      // With nothing between it and the last look at who waits: who comes next has to begin a round.
      asking = false;
    }
  }

  /** @returns whether anything has arrived */
  async function askFor(channel: string): Promise<boolean> {
    const open = [...waiting].filter((one) => one.channel === channel);
    let acks: Record<string, unknown>;
    try {
      acks = acksIn(
        await ask(
          open.map(({ id }) => id),
          channel,
          closing.signal,
        ),
      );
    } catch (error) {
      // Whoever went away forgot what it had not acknowledged.
      for (const one of open) end(one, error as Error);
      return false;
    }
    const here = open.filter(({ id }) => acks[String(id)] === true);
    for (const one of here) end(one, null);
    for (const one of open.filter((one) => waiting.has(one))) {
      if (one.breaks !== breaks())
        end(one, new Error('The connection ended before the indexer acknowledged what was sent.'));
      else if (one.until < steadyMs())
        end(one, new Error('The indexer did not acknowledge it within 5 minutes.'));
    }
    return here.length > 0;
  }

  function end(one: Waiting, error: Error | null): void {
    waiting.delete(one);
    one.settled();
    if (error) one.reject(error);
    else one.resolve();
  }

  return {
    arrived: (id, channel, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => end(one, signal.reason as Error);
        const settled = (): void => signal.removeEventListener('abort', abort);
        const one = {
          channel,
          id,
          until: steadyMs() + patienceMs,
          breaks: breaks(),
          resolve,
          reject,
          settled,
        };
        waiting.add(one);
        signal.addEventListener('abort', abort);
        if (asking) return;
        round().catch((error: Error) => {
          for (const left of waiting) end(left, error);
        });
      }),
    close: () => closing.abort(),
  };
}

function acksIn({ status, text }: Reply): Record<string, unknown> {
  // Busy: what it took it still has, and to send it once more would double it.
  if (status === 429 || status >= 500) return {};
  if (status !== 200)
    throw new Error(`The collector answers with status ${status} when it is asked for acknowledgements.`);
  const { acks } = parsed(text);
  if (typeof acks === 'object' && acks !== null) return acks as Record<string, unknown>;
  throw new Error('What the collector answers when it is asked for acknowledgements cannot be read.');
}

/** The object in it; an empty one where there is none. */
export function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
