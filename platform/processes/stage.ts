// Which processes should run at a stage of a rollout, and in which turns their types change over. Pure.
import type { FormationEntry } from '../domain/formation.ts';
import type { ProcessSettings } from '../domain/process-settings.ts';
import type { ProcessTypes } from '../domain/procfile.ts';
import type { Manner, Member } from './plan.ts';

/** A release as far as running it goes. */
export interface Runnable {
  version: number;
  types: ProcessTypes;
}

/** In every stage the formation of the moment counts, so a scale in mid-rollout takes effect. */
export interface Stage {
  serving: Runnable | null;
  /** null: only `serving`. */
  rollout: Rollout | null;
}

export interface Rollout {
  next: Runnable;
  /** Types that have begun to change over: `next`'s run, in place of the old ones or, where they overlap, beside them. */
  begun: ReadonlySet<string>;
  /** As it was when the rollout began: what is set meanwhile is for the next one. */
  manner: Manner;
}

export const steady = (serving: Runnable | null): Stage => ({ serving, rollout: null });

export function mannerOf({ rollout, parallel }: ProcessSettings): Manner {
  return { overlaps: (type) => rollout(type) === 'overlap', parallel };
}

export function wantedAt({ serving, rollout }: Stage, formation: readonly FormationEntry[]): Member[] {
  const old = serving ? members(serving, formation, true) : [];
  if (!rollout) return old;
  const { next, begun, manner } = rollout;
  const stays = ({ type }: Member): boolean => !begun.has(type) || manner.overlaps(type);
  const fresh = members(next, formation, false).filter(({ type }) => begun.has(type));
  return [...old.filter(stays), ...fresh];
}

/**
 * Types that change over together, one turn after another: those that are named in an order one by one, then of the
 * others all that overlap, since that takes nothing away, then the rest.
 */
export function turnsOf(
  serving: Runnable | null,
  next: Runnable,
  { order, rollout }: ProcessSettings,
): string[][] {
  // One that the new release lacks has its turn too: it ends then.
  const types = [...new Set([...Object.keys(serving?.types ?? {}), ...Object.keys(next.types)])];
  const named = order.filter((type) => types.includes(type));
  const others = types.filter((type) => !named.includes(type));
  return [
    ...named.map((type) => [type]),
    others.filter((type) => rollout(type) === 'overlap'),
    others.filter((type) => rollout(type) === 'replace'),
  ];
}

/** `release` runs once per release and is never part of the formation that is kept up. */
function members(runnable: Runnable, formation: readonly FormationEntry[], restart: boolean): Member[] {
  return formation
    .filter((entry) => entry.type !== 'release' && Object.hasOwn(runnable.types, entry.type))
    .flatMap((entry) =>
      Array.from({ length: entry.quantity }, (_, index) => ({
        version: runnable.version,
        type: entry.type,
        number: index + 1,
        size: entry.size,
        restart,
      })),
    );
}
