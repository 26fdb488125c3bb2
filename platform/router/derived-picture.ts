// The picture of a table made from that of the table before it: a change of one app costs hardly more where there are many.
import type { Picture, ServerEntry } from './table.ts';

/** One app's share of a picture. */
export interface Part {
  slot: number | undefined;
  place: string;
  hosts: readonly string[];
  servers: readonly (readonly [path: string, server: ServerEntry])[];
}

/** What an app had, and what it has: undefined where it was not, or is not any more. */
export interface Shift {
  before: Part | undefined;
  after: Part | undefined;
}

/** Hosts stay the same object while none changes. @returns undefined where two apps claim a host: then the order of all decides */
export function derivedPicture(known: Picture, shifts: readonly Shift[]): Picture | undefined {
  let places = known.places;
  const servers = new Map(known.servers);
  for (const shift of shifts) {
    const moved = movedPlaces(places, shift);
    if (!moved) return undefined;
    places = moved;
    for (const [path] of shift.before?.servers ?? []) servers.delete(path);
    for (const [path, server] of shift.after?.servers ?? []) servers.set(path, server);
  }
  return { places, servers };
}

function movedPlaces(
  known: ReadonlyMap<string, string>,
  { before, after }: Shift,
): ReadonlyMap<string, string> | undefined {
  const [old, now] = [before?.hosts ?? [], after?.hosts ?? []];
  if (old.some((host) => known.get(host) !== before?.place)) return undefined;
  if (now.some((host) => known.has(host) && !old.includes(host))) return undefined;
  const gone = old.filter((host) => !now.includes(host));
  const set = now.filter((host) => known.get(host) !== after?.place);
  if (gone.length + set.length === 0) return known;
  const places = new Map(known);
  for (const host of gone) places.delete(host);
  for (const host of set) places.set(host, after!.place);
  return places;
}
