// A change of what runs that is no release: a scale, a resize, a restart. It has an end, as a release has one.
import type { FormationEntry } from './formation.ts';

export interface ProcessChange {
  id: string;
  appId: string;
  kind: 'scale' | 'restart';
  /** Of a scale or resize: how it was before, of each type it is about. */
  former: readonly FormationEntry[];
  /** Of a restart: `web.1`, `web`; null: all. */
  target: string | null;
  /** expired: a newer one took its place, and is about the same types. */
  status: 'pending' | 'succeeded' | 'failed' | 'expired';
  /** Why it failed, and what holds instead. */
  reason: string | null;
  supersededBy: string | null;
  createdAt: string;
}

/** One process as far as changes go. */
export interface Place {
  type: string;
  number: number;
  /** Wanted now. */
  size: string;
}

/** Whether a change is about this process. */
export function concerns(
  { kind, former, target }: ProcessChange,
  { type, number }: Omit<Place, 'size'>,
): boolean {
  if (kind === 'scale') return former.some((entry) => entry.type === type);
  return target === null || target === type || target === `${type}.${number}`;
}

/** Whether the change is what has this process started: if it fails, the change has failed. */
export function isOnTrial(change: ProcessChange, place: Place): boolean {
  if (!concerns(change, place)) return false;
  if (change.kind === 'restart') return true;
  const former = change.former.find((entry) => entry.type === place.type)!;
  return place.number > former.quantity || place.size !== former.size;
}

/**
 * What a scale goes back to should it fail: never to what another, which it takes the place of, had on trial.
 * @param before the formation before it
 * @param types what it is about
 */
export function formerOf(
  before: readonly FormationEntry[],
  types: readonly string[],
  superseded: ProcessChange | undefined,
): FormationEntry[] {
  const older = superseded?.former ?? [];
  const all = new Set([...older.map((entry) => entry.type), ...types]);
  return [...all].flatMap((type) => {
    const entry = older.find((one) => one.type === type) ?? before.find((one) => one.type === type);
    return entry ? [{ type, quantity: entry.quantity, size: entry.size }] : [];
  });
}

/** The formation with the types of a failed scale as they were. */
export function backTo<T extends FormationEntry>(
  formation: readonly T[],
  former: readonly FormationEntry[],
): T[] {
  return formation.map((entry) => {
    const { quantity, size } = former.find((one) => one.type === entry.type) ?? entry;
    return { ...entry, quantity, size };
  });
}

/** `web at 3:standard-1x, worker at 1:standard-1x` */
export function inWords(entries: readonly FormationEntry[]): string {
  return entries.map(({ type, quantity, size }) => `${type} at ${quantity}:${size}`).join(', ');
}
