// How much disk a build takes, looked at while it runs: its own files, and what is left for everybody.
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
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
    const free = limits.minFreeBytes > 0 ? await freeBytes(folder) : Number.POSITIVE_INFINITY;
    const usage = await measure(folder);
    if (usage.bytes > limits.diskBytes) exceeded(tooMuchOnDisk(usage.bytes, limits.diskBytes, usage.largest));
    else if (free < limits.minFreeBytes) exceeded(diskFull(free, limits.minFreeBytes, usage.largest));
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

/** What a work folder takes on the disk. */
export async function measure(folder: string): Promise<Usage> {
  const listing = await diskUsage(folder);
  const entries = listing
    .split('\0')
    .map((line) => /^(\d+)\t(.*)$/s.exec(line))
    .flatMap((match) => (match ? [{ path: match[2]!, bytes: Number(match[1]) }] : []));
  const bytes = entries.find(({ path }) => path === folder)?.bytes ?? 0;
  const largest = entries
    .flatMap((one) => nameOf(one.path.slice(folder.length + 1), one.bytes))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 5);
  return { bytes, largest };
}

/** With files that vanish meanwhile it says so and goes on: what it printed counts. */
function diskUsage(folder: string): Promise<string> {
  const options = { maxBuffer: 64 * 1_048_576 };
  return new Promise((resolve, reject) => {
    execFile('du', ['-0', '-x', '-a', '-B1', '-d', '3', folder], options, (error, stdout) => {
      if (error && stdout === '') reject(error);
      else resolve(stdout);
    });
  });
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

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
