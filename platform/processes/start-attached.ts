// Starting what a caller is joined to: attached to before it starts, so that nothing of it is missed.
import type { Attachment, ContainerSummary, Engine } from '../engine/engine.ts';
import type { OneOffLines } from './one-off-lines.ts';
import type { OneOffList } from './one-off-list.ts';

export interface Started {
  attachment: Attachment;
  /** Exit status. */
  ended: Promise<number>;
  /** Resolves when the engine says that it runs, which may be after its first words. */
  up: Promise<void>;
}

/** Of its two promises none that fails has to be listened to. */
export async function startAttached(
  needs: {
    engine: Pick<Engine, 'attach' | 'wait' | 'start'>;
    oneOffList: Pick<OneOffList, 'changed'>;
    tell: OneOffLines;
  },
  container: ContainerSummary,
  tty: boolean,
): Promise<Started> {
  const { engine, oneOffList, tell } = needs;
  const attachment = await engine.attach(container.id, { stdin: true, tty });
  const ended = engine.wait(container.id);
  ended.catch(() => undefined);
  tell.starting(container);
  const up = engine.start(container.id).finally(oneOffList.changed);
  up.catch(() => undefined);
  return { attachment, ended, up };
}
