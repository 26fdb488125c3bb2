// `ps:exec`: a caller's command inside a running process, in its environment, as its user, within its limits.
import { hasCode, messageOf, notFound, PlatformError } from '../domain/errors.ts';
import { appUid, type ProcessStatus } from '../domain/process.ts';
import { label, ownLabels } from '../engine/labels.ts';
import { type AttachedSession, sized, type Window } from './attached.ts';
import { bootProgram } from './container.ts';
import type { ProcessNeeds } from './needs.ts';

export interface InsideOrder {
  command: string;
  tty: boolean;
  window: Window | null;
  /** On top of what the process has. */
  env: Readonly<Record<string, string>>;
}

export interface Inside {
  /** @throws PlatformError `not_found` or `conflict` when it does not run */
  open(process: Pick<ProcessStatus, 'id' | 'name'>, order: InsideOrder): Promise<AttachedSession>;
  /** At start: what callers of the server before this one left behind is hung up. Never throws. */
  sweep(): Promise<void>;
}

/** At most so many containers are asked at once. */
const atOnce = 8;

export function createInside({
  engine,
  instance,
  onProblem,
}: Pick<ProcessNeeds, 'engine' | 'instance' | 'onProblem'>): Inside {
  async function running(process: Pick<ProcessStatus, 'id' | 'name'>) {
    const [found] = await engine.list({ ...ownLabels(instance), [label.id]: process.id });
    if (!found)
      throw notFound('dyno', `There is no process "${process.name}" any more. "twelve ps" lists what runs.`);
    if (found.state !== 'running')
      throw new PlatformError(
        'conflict',
        `${process.name} does not run now, so nothing can run in it. "twelve ps" shows its state, "twelve logs -p ${process.name}" why.`,
      );
    return found;
  }

  return {
    async open(process, { command, tty, window, env }) {
      const { id } = await running(process);
      const entered = await engine.enter(id, {
        command: [...(window ? sized(window) : []), bootProgram, command],
        user: `${appUid}:${appUid}`,
        tty,
        env: { ...env },
      });
      const { stream, stderr, signal, exit } = entered;
      return {
        name: process.name,
        stream,
        ...(stderr ? { stderr } : {}),
        resize: (columns, rows) => entered.resize({ columns, rows }),
        signal,
        exit,
      };
    },
    async sweep() {
      const kinds = await Promise.all(
        (['process', 'run'] as const).map((kind) => engine.list(ownLabels(instance, kind)).catch(() => [])),
      );
      const left = kinds.flat().filter(({ state }) => state === 'running');
      const next = async (): Promise<void> => {
        for (let one = left.pop(); one; one = left.pop()) {
          const { name } = one;
          await engine.hangUp(one.id).catch((error: unknown) => {
            // It ended meanwhile, and with it whatever ran in it.
            if (hasCode(error, 'not_found', 'conflict')) return;
            onProblem(`${name}: ${messageOf(error)}`);
          });
        }
      };
      await Promise.all(Array.from({ length: atOnce }, next));
    },
  };
}
