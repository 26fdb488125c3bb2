// Which processes should run at a stage of a rollout. Pure.
import type { FormationEntry } from '../domain/formation.ts';
import type { ProcessTypes } from '../domain/procfile.ts';
import type { Manner, Member } from './plan.ts';

/** A release as far as running it goes. */
export interface Runnable {
  version: number;
  types: ProcessTypes;
}

/**
 * steady: only `serving`. prepare: of the types that overlap (web), `next`'s are started beside. swap: the others change over.
 * In every stage the formation of the moment counts, so a scale in mid-rollout takes effect.
 */
export interface Stage {
  serving: Runnable | null;
  next: Runnable | null;
  phase: 'steady' | 'prepare' | 'swap';
}

export function wantedAt(
  stage: Stage,
  formation: readonly FormationEntry[],
  overlaps: Manner['overlaps'],
): Member[] {
  const beside = (member: Member): boolean => overlaps(member.type);
  const { serving, next, phase } = stage;
  if (phase === 'steady' || !next) return serving ? members(serving, formation, true) : [];
  const old = serving ? members(serving, formation, true) : [];
  const fresh = members(next, formation, false);
  if (phase === 'prepare') return [...old, ...fresh.filter(beside)];
  return [...old.filter(beside), ...fresh];
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
