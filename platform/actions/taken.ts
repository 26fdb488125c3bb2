// What a kind takes now, for its budget: looked at anew only after so long that looking stays a small part of the time.
import { join } from 'node:path';
import type { RefusingKind } from '../domain/budgets.ts';
import type { Slug } from '../domain/slug.ts';
import { steadyMs } from '../domain/time-limit.ts';
import { bytesBelow, dataKinds } from '../store/usage.ts';
import type { Platform } from './context.ts';
import { imagesOnEngine } from './images.ts';

interface Look {
  bytes: Promise<number>;
  /** Milliseconds; while it goes on, for ever. */
  until: number;
}

/** A push asks three times, and the watch for space ever again: of large folders each look takes seconds. */
const timesAsLong = 20;

const looks = new WeakMap<Platform, Map<RefusingKind, Look>>();

export function takenBy(platform: Platform, kind: RefusingKind): Promise<number> {
  const ours = looks.get(platform) ?? new Map<RefusingKind, Look>();
  looks.set(platform, ours);
  const last = ours.get(kind);
  if (last && steadyMs() <= last.until) return last.bytes;
  const began = steadyMs();
  const look: Look = { bytes: measure(platform, kind), until: Number.POSITIVE_INFINITY };
  ours.set(kind, look);
  look.bytes.then(
    () => {
      look.until = steadyMs() + timesAsLong * (steadyMs() - began);
    },
    () => ours.delete(kind),
  );
  return look.bytes;
}

/** After something went. */
export function forgetTaken(platform: Platform): void {
  looks.delete(platform);
}

async function measure(platform: Platform, kind: RefusingKind): Promise<number> {
  const kept = platform.store.slugs.kept();
  if (kind === 'images') return (await imagesOnEngine(platform, kept)).bytes;
  if (kind === 'slugs') return await slugBytes(platform, kept);
  return await bytesBelow(join(platform.config.dataFolder, dataKinds[kind]));
}

/**
 * On the disk, without what none of them names: it goes by itself, and must neither push out slugs that somebody may go back
 * to nor refuse anything until it has.
 */
export async function slugBytes(platform: Platform, kept: readonly Slug[]): Promise<number> {
  const [all, left] = await Promise.all([
    bytesBelow(join(platform.config.dataFolder, dataKinds.slugs)),
    leftoverBytes(platform, kept),
  ]);
  return Math.max(0, all - left);
}

export function leftoverBytes({ slugs }: Platform, kept: readonly Slug[]): Promise<number> {
  return slugs.leftovers(kept.map(({ manifest }) => manifest));
}
