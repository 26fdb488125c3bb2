// The engine's container events as one endless iterable that survives the engine's restarts.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DockerConnection } from './docker-connection.ts';
import { endLost, labelFilter } from './docker-containers.ts';
import type { Engine, EngineEvent, EngineNews } from './engine.ts';
import { jsonLines } from './json-lines.ts';

const actions: ReadonlySet<string> = new Set<EngineEvent['action']>([
  'create',
  'start',
  'die',
  'oom',
  'destroy',
]);
/** Attributes the engine mixes with the container's labels. */
const notLabels: ReadonlySet<string> = new Set([
  'name',
  'image',
  'exitCode',
  'signal',
  'execID',
  'execDuration',
]);
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

interface EventAnswer {
  Type?: string;
  Action?: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> };
  time?: number;
  timeNano?: number;
}

export function eventsOf(connection: DockerConnection): Engine['events'] {
  return (labels, signal) => {
    const left = new AbortController();
    const either = AbortSignal.any([signal, left.signal, connection.closing]);
    const queue = createQueue(() => left.abort());
    // From the call on, not from the first read: a caller lists after calling, and what happens meanwhile must not be lost.
    void listen(connection, labels, either, queue.push).finally(queue.end);
    return queue.items();
  };
}

/** Reads ahead without limit: an engine drops events for a listener that is slow to take them. */
function createQueue(onLeave: () => void) {
  const waiting: EngineNews[] = [];
  const bell = new EventTarget();
  let ended = false;
  const ring = (): void => void bell.dispatchEvent(new Event('ring'));
  return {
    push(item: EngineNews): void {
      waiting.push(item);
      ring();
    },
    end(): void {
      ended = true;
      ring();
    },
    async *items(): AsyncGenerator<EngineNews> {
      try {
        for (;;) {
          const next = waiting.shift();
          if (next) yield next;
          else if (ended) return;
          else await once(bell, 'ring');
        }
      } finally {
        onLeave();
      }
    },
  };
}

async function listen(
  connection: DockerConnection,
  labels: Record<string, string>,
  signal: AbortSignal,
  push: (item: EngineNews) => void,
): Promise<void> {
  const seen = createSeen(Date.now() * 1e6);
  let pause = FIRST_PAUSE_MS;
  let interrupted = false;
  while (!signal.aborted) {
    try {
      const answer = await connection.open('follow events', {
        method: 'GET',
        path: '/events',
        query: { since: seen.since(), filters: eventFilter(labels) },
        signal,
      });
      if (interrupted) {
        await endLost(connection, labels);
        push({ type: 'reconnected' });
        interrupted = false;
      }
      pause = FIRST_PAUSE_MS;
      for await (const value of jsonLines(answer)) {
        const event = decodeEvent(value as EventAnswer);
        if (event && seen.isNew(event, value as EventAnswer)) push(event);
      }
    } catch {
      // Whatever the reason, an engine that is away is asked again: the caller ends this by its signal only.
    }
    if (signal.aborted) return;
    if (!interrupted) {
      connection.started.clear();
      push({ type: 'interrupted' });
    }
    interrupted = true;
    await delay(pause, undefined, { signal }).catch(() => {});
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** After a break the engine is asked again from the last moment on, and repeats what happened in that very moment. */
function createSeen(start: number) {
  let last = start;
  let atLast = new Set<string>();
  return {
    since: (): string => `${Math.floor(last / 1e9)}.${String(Math.floor(last % 1e9)).padStart(9, '0')}`,
    isNew(event: EngineEvent, answer: EventAnswer): boolean {
      const time = answer.timeNano ?? (answer.time ?? 0) * 1e9;
      const key = `${event.action} ${event.id} ${time}`;
      if (atLast.has(key)) return false;
      if (time > last) {
        last = time;
        atLast = new Set();
      }
      if (time === last) atLast.add(key);
      return true;
    },
  };
}

function eventFilter(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify({ type: ['container'], event: [...actions], label: labelFilter(labels) });
}

function decodeEvent(answer: EventAnswer): EngineEvent | null {
  const { Type, Action = '', Actor } = answer;
  if (Type !== 'container' || !actions.has(Action) || !Actor?.ID) return null;
  const attributes = Actor.Attributes ?? {};
  const labels = Object.entries(attributes).filter(([name]) => !notLabels.has(name));
  return {
    type: 'container',
    action: Action as EngineEvent['action'],
    id: Actor.ID,
    labels: Object.fromEntries(labels),
    exitCode: Action === 'die' ? Number(attributes['exitCode'] ?? 0) : null,
    time: Math.floor((answer.timeNano ?? (answer.time ?? 0) * 1e9) / 1000),
  };
}
