// How much build caches take: what one would, with its largest parts by the names that buildpacks gave them, and what all do.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bytesBelow, diskUsage } from '../store/usage.ts';
import type { Usage } from './disk.ts';
import type { Sized } from './failures.ts';

const shown = 5;

/**
 * @param cache the folder that a build left
 * @param kept trees that belong to it and lie elsewhere
 */
export async function weighCache(cache: string, kept: readonly string[]): Promise<Usage> {
  const whole = [cache, ...kept];
  const holders = [cache, `${cache}/.immutable`, ...new Set(kept.map(dirname))];
  const passed = [`${cache}/.immutable`, `${cache}/.immutable/.keep`];
  let bytes = 0;
  let largest: Sized[] = [];
  for await (const entry of diskUsage(whole)) {
    if (whole.includes(entry.path)) bytes += entry.bytes;
    if (passed.includes(entry.path) || !holders.includes(dirname(entry.path))) continue;
    // A buildpack made it up: no control characters for terminals.
    const name = JSON.stringify(basename(entry.path).slice(0, 100)).slice(1, -1);
    largest = [...largest, { name, bytes: entry.bytes }].sort((a, b) => b.bytes - a.bytes).slice(0, shown);
  }
  return { bytes, largest };
}

export interface AppCache {
  appId: string;
  bytes: number;
  /** Milliseconds; when a build left it. */
  savedAt: number;
}

/** What was weighed stays as heavy until the next build leaves another. */
export type KnownCaches = Map<string, AppCache>;

/** @param folder of all, one folder an app */
export async function listCaches(folder: string, known: KnownCaches): Promise<AppCache[]> {
  const ids = await readdir(folder).catch((): string[] => []);
  for (const id of known.keys()) if (!ids.includes(id)) known.delete(id);
  for (const id of ids) {
    const savedAt = await savedTime(join(folder, id));
    if (known.get(id)?.savedAt === savedAt) continue;
    known.set(id, { appId: id, savedAt, bytes: await bytesBelow(join(folder, id)) });
  }
  return [...known.values()];
}

async function savedTime(home: string): Promise<number> {
  const keys = await readdir(home).catch((): string[] => []);
  const times = await Promise.all(
    keys.map(async (key) => (await stat(join(home, key, 'current')).catch(() => null))?.mtimeMs ?? 0),
  );
  return Math.max(0, ...times);
}
