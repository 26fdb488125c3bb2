// Watches over the router's container: whoever ended it, it comes back with the routes as they are.
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { ownLabels } from '../engine/labels.ts';

export interface SupervisionNeeds {
  engine: Engine;
  instance: string;
  signal: AbortSignal;
  /** Brings HAProxy up where it is not, and makes it hold what it should. */
  heal(): Promise<void>;
  onProblem(message: string): void;
}

const LONGEST_PAUSE_MS = 30_000;

export function superviseContainer(needs: SupervisionNeeds): void {
  void follow(needs).catch((error: unknown) => needs.onProblem(messageOf(error)));
}

async function follow(needs: SupervisionNeeds): Promise<void> {
  const { engine, instance, signal } = needs;
  let asked = 0;
  let healing = false;
  for await (const event of engine.events(ownLabels(instance, 'router'), signal)) {
    // While the engine is away nothing can be done, and what runs may go on.
    if (event.type === 'interrupted') continue;
    if (event.type === 'container' && (event.action === 'create' || event.action === 'oom')) continue;
    asked += 1;
    if (healing) continue;
    healing = true;
    void healUntilWell(needs, () => asked).finally(() => {
      healing = false;
    });
  }
}

/** Until it succeeded after the last event. */
async function healUntilWell(needs: SupervisionNeeds, asked: () => number): Promise<void> {
  const { signal, heal, onProblem } = needs;
  for (let pause = 200; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const before = asked();
    try {
      await heal();
      if (asked() === before) return;
    } catch (error) {
      if (signal.aborted) return;
      onProblem(`The router is down; it is tried again in ${pause / 1000} s. ${messageOf(error)}`);
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}
