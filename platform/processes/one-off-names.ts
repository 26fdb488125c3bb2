// Names of one-off processes: `run.4821`, none twice in an app.
import { randomInt } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import { label, ownLabels } from '../engine/labels.ts';

export interface OneOffNames {
  /** The name is the caller's until `release`, which comes once the engine lists a container that has it. */
  take(appId: string): Promise<{ name: string; release(): void }>;
}

/** @param draw the number of the next try */
export function createOneOffNames(
  { engine, instance }: { engine: Pick<Engine, 'list'>; instance: string },
  draw: () => number,
): OneOffNames {
  const taken = new Set<string>();
  return {
    async take(appId) {
      for (;;) {
        const name = `run.${draw()}`;
        const key = `${appId} ${name}`;
        if (taken.has(key)) continue;
        // Taken before the engine is asked, so that no other takes it meanwhile.
        taken.add(key);
        const release = (): void => void taken.delete(key);
        const labels = { ...ownLabels(instance, 'run'), [label.app]: appId, [label.process]: name };
        const found = await engine.list(labels).catch((error: unknown) => {
          release();
          throw error;
        });
        if (found.length === 0) return { name, release };
        release();
      }
    },
  };
}

export const drawNumber = (): number => randomInt(1000, 10_000);
