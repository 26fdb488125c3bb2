// Who listens to a simulated engine, and the breaks in between.
import { once } from 'node:events';
import type { EngineEvent, EngineNews } from '../../platform/engine/engine.ts';

export interface MemoryEvents {
  emit(event: EngineEvent): void;
  /** Says to every listener that nothing is told for now. */
  interrupted(): void;
  /** … and that something may have been missed. */
  reconnected(): void;
  listen(labels: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<EngineNews>;
}

export function createMemoryEvents(isAway: () => boolean): MemoryEvents {
  const listeners = new Set<(item: EngineNews) => void>();
  const tell = (item: EngineNews): void => {
    for (const listener of listeners) listener(item);
  };
  return {
    // While the engine is away its listeners hear nothing, and nobody repeats it to them.
    emit: (event) => void (isAway() || tell(event)),
    interrupted: () => tell({ type: 'interrupted' }),
    reconnected: () => tell({ type: 'reconnected' }),
    listen(labels, signal) {
      const waiting: EngineNews[] = [];
      const bell = new EventTarget();
      const ring = (): void => void bell.dispatchEvent(new Event('ring'));
      const listener = (item: EngineNews): void => {
        if (item.type === 'container' && !carries(item.labels, labels)) return;
        waiting.push(item);
        ring();
      };
      const stop = (): void => {
        listeners.delete(listener);
        ring();
      };
      if (!signal.aborted) listeners.add(listener);
      signal.addEventListener('abort', stop, { once: true });
      return items(waiting, bell, signal, stop);
    },
  };
}

async function* items(
  waiting: EngineNews[],
  bell: EventTarget,
  signal: AbortSignal,
  stop: () => void,
): AsyncGenerator<EngineNews> {
  try {
    while (!signal.aborted) {
      const next = waiting.shift();
      if (next) yield next;
      else await once(bell, 'ring');
    }
  } finally {
    stop();
  }
}

export function carries(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}
