// Space on the disks that a deploy fills: asked before it starts, since half-way through nobody can say what is missing.
import { statfs } from 'node:fs/promises';
import { PlatformError } from '../domain/errors.ts';

/**
 * @param folders those that are not there, as seen from here, are left out
 * @throws PlatformError `service_unavailable`
 */
export async function requireSpace(folders: readonly string[], minFreeBytes: number): Promise<void> {
  for (const folder of folders) {
    const free = await freeBytes(folder);
    if (free === null || free >= minFreeBytes) continue;
    throw new PlatformError(
      'service_unavailable',
      `The server's disk is nearly full: ${megabytes(free)} are free at ${folder}, and ${megabytes(minFreeBytes)} have to be (TWELVE_MIN_FREE). Nothing was changed. Make space there, then try again.`,
    );
  }
}

/** For us, without what file systems keep back; null where the folder is not there. */
export async function freeBytes(folder: string): Promise<number | null> {
  try {
    return (await diskSpace(folder)).freeBytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @throws when the folder is not there */
export async function diskSpace(folder: string): Promise<{ totalBytes: number; freeBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MB`;
}
