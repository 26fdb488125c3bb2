// Which build containers somebody answers for; those that nobody does go, as soon as the engine can be asked.
import type { Engine } from '../engine/engine.ts';
import { label, ownLabels } from '../engine/labels.ts';

export interface Keeper {
  /** Before a container of this build id is created: from then on it stays. */
  owns(buildId: string): void;
  /**
   * It is removed now, or when the engine is back: nobody has to wait for that, and a failure of its own is not worth more
   * than the one that led here. @param containerId unknown when it is not sure that there is one
   */
  release(buildId: string, containerId?: string): Promise<void>;
  /** After the engine was away: removes what nobody answers for. */
  tidy(): Promise<void>;
  /** What is still there then is for the next server's sweep. */
  close(): void;
}

const retryMs = 2000;

export function createKeeper(needs: { engine: Engine; instance: string; retryMs?: number }): Keeper {
  const { engine, instance } = needs;
  const owned = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function later(): void {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      tidy().catch(later);
    }, needs.retryMs ?? retryMs).unref();
  }

  /** By label and not by id: one that was made while the connection broke has never told us its own. */
  async function tidy(): Promise<void> {
    const found = await engine.list(ownLabels(instance, 'build'));
    const left = found.filter(({ labels }) => !owned.has(labels[label.build] ?? ''));
    // What the engine forgot that it started would live on without its container.
    if (left.length > 0) await engine.endLost(ownLabels(instance, 'build'));
    for (const { id } of left) await engine.remove(id);
  }

  return {
    tidy,
    owns: (buildId) => void owned.add(buildId),
    async release(buildId, containerId) {
      owned.delete(buildId);
      if (containerId === undefined) later();
      else await engine.remove(containerId).catch(later);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
