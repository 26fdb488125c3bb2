// The types of a scale, a resize or a restart change over in turns, as those of a release do: what is wanted, and what runs, so far.
import type { FormationEntry } from '../domain/formation.ts';
import { backTo, concerns, isOnTrial, type ProcessChange } from '../domain/process-change.ts';
import type { ProcessSettings } from '../domain/process-settings.ts';
import type { Store } from '../store/store.ts';
import type { Member } from './plan.ts';
import { type Stage, turnsOf, wantedAt } from './stage.ts';
import type { Tracked } from './tracked.ts';

/** What is to be planned for now: types whose turn has not come are as they were. */
export interface Turn {
  wanted: Member[];
  running: Tracked[];
}

export interface TurnNeeds {
  appId: string;
  store: Store;
  stage(): Stage;
  settings(): ProcessSettings;
  /** Those that live. */
  living(): Tracked[];
  /** Whether it is up, as the change wants it. */
  isUp(member: Member, change: ProcessChange): boolean;
}

/** @param all what is tracked */
export function turnOf(needs: TurnNeeds, all: readonly Tracked[]): Turn {
  const { appId, store, stage } = needs;
  const formation = store.formations.of(appId);
  const full = { wanted: wantedAt(stage(), formation), running: [...all] };
  // A release that takes over has turns of its own, and what it starts is what the change wants.
  const changes = stage().rollout ? [] : store.processChanges.pendingOf(appId);
  if (changes.length === 0) return full;
  const waiting = changes.map((change) => ({ change, types: typesThatWait(change, full.wanted, needs) }));
  const before = waiting.reduce<readonly FormationEntry[]>(
    (now, { change, types }) =>
      backTo(
        now,
        change.former.filter((one) => types.has(one.type)),
      ),
    formation,
  );
  const restarts = waiting.filter(({ change }) => change.kind === 'restart');
  const waits = (process: Tracked): boolean => {
    const own = restarts.filter(({ change }) => concerns(change, process));
    return own.length > 0 && own.every(({ types }) => types.has(process.type));
  };
  return {
    wanted: wantedAt(stage(), before),
    running: all.map((one) => (one.stale && waits(one) ? { ...one, stale: false } : one)),
  };
}

/** Those that come after the first turn in which something that the change starts is not up yet. */
function typesThatWait(
  change: ProcessChange,
  wanted: readonly Member[],
  { stage, settings, living, isUp }: TurnNeeds,
): Set<string> {
  const { serving } = stage();
  if (!serving) return new Set();
  const turns = turnsOf(serving, serving, settings());
  const isOpen = (member: Member): boolean => isOnTrial(change, member) && !isUp(member, change);
  const first = turns.findIndex((types) =>
    wanted.some((member) => types.includes(member.type) && isOpen(member)),
  );
  const later = first === -1 ? [] : turns.slice(first + 1).flat();
  // A server before us may have been further: what it started is kept.
  const hasBegun = (type: string): boolean =>
    change.kind === 'scale' && living().some((one) => one.type === type && isOnTrial(change, one));
  return new Set(later.filter((type) => !hasBegun(type)));
}
