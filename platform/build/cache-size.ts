// How much a build cache would take: all of it, and its largest parts by the names that buildpacks gave them.
import { basename, dirname } from 'node:path';
import { diskUsage, type Usage } from './disk.ts';
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
