// The containers of one-offs as the engine listed them: asked again only after something changed, since beside an app that
// prints without end the engine takes long to answer, and whoever looks at what runs asks often.
import type { ContainerSummary, Engine, EngineNews } from '../engine/engine.ts';
import { label, ownLabels } from '../engine/labels.ts';

export interface OneOffList {
  of(appId: string): Promise<ContainerSummary[]>;
  /** Something was done, of which the engine may tell later than the next one asks. */
  changed(): void;
  /** What the engine tells. Until it has begun to, and after a break until it is back, it is asked each time. */
  seen(news: EngineNews): void;
  begin(): void;
}

export function createOneOffList({
  engine,
  instance,
}: {
  engine: Pick<Engine, 'list'>;
  instance: string;
}): OneOffList {
  const labels = ownLabels(instance, 'run');
  let told = false;
  let changes = 0;
  let listed: { at: number; containers: ContainerSummary[] } | null = null;

  async function all(): Promise<ContainerSummary[]> {
    if (told && listed?.at === changes) return listed.containers;
    const at = changes;
    const containers = await engine.list(labels);
    listed = { at, containers };
    return containers;
  }

  const changed = (): void => void changes++;

  return {
    of: async (appId) => (await all()).filter((one) => one.labels[label.app] === appId),
    changed,
    seen(news) {
      if (news.type !== 'container') told = news.type === 'reconnected';
      else if (news.labels[label.kind] !== 'run') return;
      changed();
    },
    begin() {
      told = true;
      changed();
    },
  };
}
