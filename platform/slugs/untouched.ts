// Layers that are known already: of trees whose files no build could have written to since they were hashed.
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Layer } from '../domain/slug.ts';

export interface KnownLayers {
  get(identity: string): Layer | undefined;
  set(identity: string, layer: Layer): void;
}

/** A few hundred bytes each: some for every app that is pushed. */
const remembered = 500;

/** In memory only: after a start each tree is read once more. */
export function createKnownLayers(): KnownLayers {
  const known = new Map<string, Layer>();
  return {
    get: (identity) => known.get(identity),
    set(identity, layer) {
      known.delete(identity);
      known.set(identity, layer);
      if (known.size > remembered) known.delete(known.keys().next().value!);
    },
  };
}

/**
 * What stands for the bytes of a layer, or null when only the bytes themselves can: when anybody but us could have written
 * to a file in it.
 *
 * Trees come out of the build cache as files that belong to us (the user of this process) and that nobody else may write to
 * (platform/build/cache.ts). A build can move such a file, delete it and put another in its place, but neither change its
 * bytes nor make one of its own that belongs to us; the kernel sees to that. So the same file is the same bytes, and it is
 * the same by its number, its time of birth and the time of its last change (a number is given again, all three are not).
 * Names, links and exec bits are a build's to change, and are read anew.
 *
 * @param root folder that the paths are relative to
 * @param folders that are on the way, and are not looked into
 * @param entries with everything below them
 */
export async function identityOf(
  root: string,
  folders: readonly string[],
  entries: readonly Buffer[],
): Promise<string | null> {
  const hash = createHash('sha256').update(`${folders.join('\0')}\0\0`);
  const base = Buffer.from(`${root}/`).toString('latin1');
  const waiting = entries.map((entry) => entry.toString('latin1')).sort(byName);
  let since = performance.now();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const path = Buffer.from(base + name, 'latin1');
    const fact = factOf(path);
    if (fact === null) return null;
    hash.update(`${name}\0${fact}\0`, 'latin1');
    if (fact !== folder) continue;
    const names = readdirSync(path, { encoding: 'latin1' }).sort(byName);
    for (const child of names) waiting.push(`${name}/${child}`);
    if (performance.now() - since < patienceMs) continue;
    // A large tree is read in pieces: others wait for us.
    await turn();
    since = performance.now();
  }
  return hash.digest('hex');
}

const patienceMs = 5;
const folder = 'folder';

/** What decides how an entry is packed; null when its bytes may be others than last time. No path has a NUL in it. */
function factOf(path: Buffer): string | null {
  const found = lstatSync(path, { bigint: true });
  if (found.isDirectory()) return folder;
  if (found.isSymbolicLink()) return `link ${readlinkSync(path, { encoding: 'latin1' })}`;
  if (!found.isFile() || !isProtected(found)) return null;
  const { mode, dev, ino, birthtimeNs, mtimeNs, size } = found;
  const kind = (mode & 0o111n) === 0n ? 'file' : 'program';
  return `${kind} ${dev} ${ino} ${birthtimeNs} ${mtimeNs} ${size}`;
}

/** Where the file system knows no time of birth, a number alone does not tell one file from another. */
function isProtected({ uid, mode, birthtimeNs }: BigIntStats): boolean {
  return Number(uid) === process.geteuid!() && (mode & 0o022n) === 0n && birthtimeNs > 0n;
}

/** The last is taken first. */
function byName(a: string, b: string): number {
  return a < b ? 1 : a > b ? -1 : 0;
}
