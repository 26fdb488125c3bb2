// How much disk a build takes, looked at while it runs: its own files, and what is left for everybody.
import { freeBytes } from '../store/space.ts';
import { diskUsage } from '../store/usage.ts';
import { diskFull, type Sized, tooMuchOnDisk } from './failures.ts';
import type { BuildLimits } from './needs.ts';

export interface Usage {
  bytes: number;
  /** Of its files and folders, largest first, as the buildpack calls them. */
  largest: Sized[];
}

type DiskLimits = Pick<BuildLimits, 'diskBytes' | 'minFreeBytes' | 'lookMs'>;

/**
 * Until `end`, every few seconds and never twice at once.
 * @param exceeded told once, with the failure
 */
export function watchDisk(
  folder: string,
  limits: DiskLimits,
  exceeded: (error: unknown) => void,
): { end(): void } {
  let looking = false;
  const look = async (): Promise<void> => {
    const free = await freeBytes(folder);
    const usage = await measure(folder);
    if (usage.bytes > limits.diskBytes) exceeded(tooMuchOnDisk(usage.bytes, limits.diskBytes, usage.largest));
    else if (free !== null && free < limits.minFreeBytes)
      exceeded(diskFull(free, limits.minFreeBytes, usage.largest));
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    // A look that failed (the folder is being removed) is followed by another one.
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, limits.lookMs).unref();
  return { end: () => clearInterval(timer) };
}

/** What a work folder takes on the disk. @throws Error when that cannot be said */
export async function measure(folder: string): Promise<Usage> {
  let bytes: number | undefined;
  let largest: Sized[] = [];
  for await (const entry of diskUsage([folder])) {
    if (entry.path === folder) bytes = entry.bytes;
    const least = largest.length < 5 ? -1 : largest.at(-1)!.bytes;
    if (entry.bytes <= least) continue;
    const named = nameOf(entry.path.slice(folder.length + 1), entry.bytes);
    if (named.length === 0) continue;
    largest = [...largest, ...named].sort((a, b) => b.bytes - a.bytes).slice(0, 5);
  }
  if (bytes === undefined) throw new Error(`du does not say what ${folder} takes.`);
  return { bytes, largest };
}

/** Each file is in one of these only: entries of the build folder and the cache, else of the folders a build may write. */
const places: readonly (readonly [path: RegExp, name: string])[] = [
  [/^tmp\/build_[^/]+\/([^/]+)$/, ''],
  [/^tmp\/cache\/([^/]+)$/, 'cache/'],
  [/^tmp\/(?!build_|cache$|twelve$)([^/]+)$/, '/tmp/'],
  [/^home\/([^/]+)$/, '/app/'],
  [/^var-tmp\/([^/]+)$/, '/var/tmp/'],
];

function nameOf(path: string, bytes: number): Sized[] {
  for (const [pattern, prefix] of places) {
    const name = pattern.exec(path)?.[1];
    // Made up by whoever builds: no control characters for terminals.
    if (name) return [{ name: prefix + JSON.stringify(name.slice(0, 100)).slice(1, -1), bytes }];
  }
  return [];
}
