// Layers that are known already: of trees whose files no build could have written to since they were hashed.
import { createHash, type Hash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Layer } from '../domain/slug.ts';

/** Folder and name as bytes: names need not be UTF-8. */
type Path = Buffer;

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
 * the same by its number, its time of birth and its time of change of content (a number is given again, all three are not).
 * Names, links and exec bits are a build's to change, and are read anew.
 *
 * @param root folder that the paths are relative to
 * @param folders that are on the way, and are not looked into
 * @param entries with everything below them
 */
export async function identityOf(
  root: string,
  folders: readonly string[],
  entries: readonly Path[],
): Promise<string | null> {
  const hash = createHash('sha256');
  const base = Buffer.from(`${root}/`);
  const at = (path: Path): Path => Buffer.concat([base, path]);
  for (const folder of folders) {
    if (!add(hash, Buffer.from(folder), at(Buffer.from(folder)))) return null;
  }
  const waiting = [...entries].sort(Buffer.compare).reverse();
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    const found = add(hash, path, at(path));
    if (!found) return null;
    if (!found.isDirectory()) continue;
    waiting.push(...childrenOf(at(path), path));
    // A large tree is read in pieces: others wait for us.
    await turn();
  }
  return hash.digest('hex');
}

function childrenOf(folder: Path, name: Path): Path[] {
  const names = readdirSync(folder, { encoding: 'buffer' }).sort(Buffer.compare).reverse();
  return names.map((child) => Buffer.concat([name, Buffer.from('/'), child]));
}

/** @returns what is there; null when its bytes may be others than last time */
function add(hash: Hash, name: Path, path: Path): BigIntStats | null {
  const found = lstatSync(path, { bigint: true });
  const executable = (found.mode & 0o111n) !== 0n;
  if (found.isDirectory()) field(hash, 'folder', name);
  else if (found.isSymbolicLink()) field(hash, 'link', name, readlinkSync(path, { encoding: 'buffer' }));
  else if (found.isFile() && isProtected(found)) {
    const { dev, ino, birthtimeNs, mtimeNs, size } = found;
    field(hash, 'file', name, `${executable}`, `${dev} ${ino} ${birthtimeNs} ${mtimeNs} ${size}`);
  } else return null;
  return found;
}

/** Where the file system knows no time of birth, a number alone does not tell one file from another. */
function isProtected({ uid, mode, birthtimeNs }: BigIntStats): boolean {
  return Number(uid) === process.geteuid!() && (mode & 0o022n) === 0n && birthtimeNs > 0n;
}

/** Each part with its length, so that no two lists look alike. */
function field(hash: Hash, ...parts: (string | Buffer)[]): void {
  for (const part of parts) {
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes);
  }
}
