// What folders take on the disk, as `du` says it, which counts a file with several names once; and what lies where in the data folder.
import { spawn } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { relative } from 'node:path';

/** Folders of the data folder by what is in them, in the order in which they are shown; the database lies beside them. */
export const dataKinds = {
  slugs: 'blobs',
  'build caches': 'cache',
  buildpacks: 'buildpacks',
  'Debian packages': 'debs',
  'builds under way': 'work',
  sources: 'sources',
  repositories: 'git',
  'build outputs': 'outputs',
  logs: 'logs',
  backups: 'backups',
  router: 'router',
} as const;

export type DataKind = keyof typeof dataKinds | 'database' | 'other';

const kindOf = new Map<string, DataKind>(
  Object.entries(dataKinds).map(([kind, folder]) => [folder, kind as DataKind]),
);

/** Bytes by kind, each there; null when it takes longer than it may, or `du` is not there. */
export async function usedByKind(
  folder: string,
  patienceMs?: number,
): Promise<Record<DataKind, number> | null> {
  const names = [...Object.keys(dataKinds), 'database', 'other'] as DataKind[];
  const sums = Object.fromEntries(names.map((kind) => [kind, 0])) as Record<DataKind, number>;
  // It may be a link to another disk, which du does not follow.
  const real = await realpath(folder);
  let whole: number | undefined;
  let parts = 0;
  for await (const { path, bytes } of diskUsage([real], { depth: 1, patienceMs, files: false })) {
    const name = relative(real, path);
    if (name === '') {
      whole = bytes;
      continue;
    }
    sums[kindOf.get(name) ?? 'other'] += bytes;
    parts += bytes;
  }
  // The folder itself comes last: without it something was not looked at.
  return whole === undefined ? null : { ...sums, database: Math.max(0, whole - parts) };
}

/** Of one folder in all; 0 where there is none. */
export async function bytesBelow(folder: string): Promise<number> {
  let sum = 0;
  for await (const { bytes } of diskUsage([folder], { depth: 0, files: false })) sum = bytes;
  return sum;
}

interface Look {
  depth: number;
  /** Those that are no folders, too. */
  files: boolean;
  /** Then it is left, without the folders themselves; undefined: never. */
  patienceMs?: number | undefined;
}

/**
 * Read as it comes: whoever builds decides how many files there are, and how long their names. With files that vanish
 * meanwhile du says so and goes on: what it printed counts. Each folder itself comes last.
 */
export async function* diskUsage(
  folders: readonly string[],
  { depth, files, patienceMs }: Look = { depth: 3, files: true },
): AsyncGenerator<{ path: string; bytes: number }> {
  const all = files ? ['-a'] : [];
  const du = spawn('du', ['-0', '-x', ...all, '-B1', '-d', String(depth), '--', ...folders], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: patienceMs,
  });
  // Without it there is nothing to read, which is met by who asks.
  du.once('error', () => undefined);
  let rest = '';
  try {
    for await (const piece of du.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + piece).split('\0');
      rest = lines.pop()!;
      for (const line of lines) {
        const match = /^(\d+)\t(.*)$/s.exec(line);
        if (match) yield { path: match[2]!, bytes: Number(match[1]) };
      }
    }
  } finally {
    du.kill();
  }
}
