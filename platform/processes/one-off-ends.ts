// How one-off processes ended, told to the log once, whichever server finds out.
import { messageOf } from '../domain/errors.ts';
import { type ContainerSummary, hasEnded } from '../engine/engine.ts';
import { label } from '../engine/labels.ts';
import type { ProcessNeeds } from './needs.ts';
import { exitedWith, type OneOffLines } from './one-off-lines.ts';

type Needs = Pick<ProcessNeeds, 'engine' | 'figures' | 'logs' | 'onProblem'> & { tell: OneOffLines };

/** @param begun false: its command never began */
export type TellEnd = (container: ContainerSummary, status: number, begun?: boolean) => Promise<void>;

export function createOneOffEnds({ engine, figures, logs, tell, onProblem }: Needs): TellEnd {
  /**
   * Of one that had ended when it was found: a server before may have told it, and not come to clear it away. The log is
   * asked, since what a killed server said is told only when it is in there.
   */
  async function isTold({ labels, createdAt }: ContainerSummary): Promise<boolean> {
    const { [label.app]: appId = '', [label.process]: process = '' } = labels;
    // Another one may have had its name before.
    const since = Date.parse(createdAt) * 1000;
    const filter = { source: 'twelve', process, since, text: exitedWith } as const;
    try {
      return (await logs.read(appId, { lines: 1, filter })).length > 0;
    } catch (error) {
      onProblem(`Whether the end of ${process} was told is not known: ${messageOf(error)}`);
      return false;
    }
  }

  /** By the kernel, for memory: whoever watches was told, unless that was while no server ran. */
  async function tellKill(id: string): Promise<void> {
    const end = await engine.inspect(id).catch(() => undefined);
    if (end?.oomKilled) figures.killed(end);
  }

  return async (container, status, begun = true) => {
    if (hasEnded(container.state) && (await isTold(container))) return;
    await tellKill(container.id);
    tell.ended(container, status, begun);
  };
}
