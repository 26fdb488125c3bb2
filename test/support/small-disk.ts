// A small file system of its own (root is needed), on a loop device or in memory: one that a test may fill.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk extends Disposable {
  folder: string;
  free(): number;
  /** Leaves so many bytes free; 0: none at all. */
  fill(leave: number): void;
  /** Takes away what filled it. */
  empty(): void;
}

/** In a file, mounted by a loop device. */
export function createSmallDisk(megabytes: number): SmallDisk {
  const home = mkdtempSync(join(tmpdir(), 'twelve-small-disk-'));
  const image = join(home, 'image');
  const folder = join(home, 'mounted');
  mkdirSync(folder);
  const file = openSync(image, 'w');
  ftruncateSync(file, megabytes * 1_048_576);
  closeSync(file);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
  execFileSync('mount', ['-o', 'loop', image, folder]);
  rmSync(join(folder, 'lost+found'), { recursive: true });
  return {
    ...mountedAt(folder),
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', folder]);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** In memory, mounted at this folder; disposing it fails as long as somebody has a file of it open. */
export function createMemoryDisk(folder: string, bytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  return { ...mountedAt(folder), [Symbol.dispose]: () => void execFileSync('umount', [folder]) };
}

function mountedAt(folder: string): Omit<SmallDisk, keyof Disposable> {
  const ballast = join(folder, 'ballast');
  const free = (): number => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  return {
    folder,
    free,
    fill(leave) {
      const target = openSync(ballast, 'a');
      const piece = Buffer.alloc(1_048_576);
      try {
        while (free() > leave) writeSync(target, piece, 0, Math.min(piece.length, free() - leave));
        // Down to the last byte of the last block.
        while (leave === 0) writeSync(target, Buffer.alloc(512));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(target);
      }
    },
    empty: () => rmSync(ballast, { force: true }),
  };
}
