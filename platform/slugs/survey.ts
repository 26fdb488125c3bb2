// Looks at a built app: what lies in its folder, how large it is, and what makes it too large.
import { lstatSync, readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { layerBytes, type TreeEntry } from './partition.ts';

const slash = Buffer.from('/');

/**
 * The entries that layers are cut from: the top level, and one level more in hidden folders that buildpacks created.
 * @param created top-level names
 */
export function survey(app: string, created: readonly string[]): TreeEntry[] {
  const made = new Set(created.map((name) => Buffer.from(name).toString('latin1')));
  const entries: TreeEntry[] = [];
  for (const top of children(Buffer.from(app))) {
    const isCreated = made.has(top.name);
    const inner = isCreated && top.folder && top.name.startsWith('.') ? children(top.path) : [];
    const parts = inner.map((child) => ({ ...child, name: `${top.name}/${child.name}` }));
    // An empty hidden folder is an entry of its own, or it would be lost.
    for (const part of parts.length > 0 ? parts : [top]) {
      // What is the app's own goes into the app layer whatever its size: no need to look.
      const size = isCreated ? bytesBelow(part, layerBytes) : 0;
      entries.push({ path: part.name, size, created: isCreated });
    }
  }
  return entries;
}

/** The largest folders of the first two levels, largest first. */
export async function largestFolders(app: string, count: number): Promise<{ path: string; size: number }[]> {
  const found: { path: string; size: number }[] = [];
  for (const top of children(Buffer.from(app))) {
    if (!top.folder) continue;
    let whole = 0;
    for (const inner of children(top.path)) {
      const size = bytesBelow(inner, Number.POSITIVE_INFINITY);
      // All of a tree that may be huge: others wait for us.
      await turn();
      whole += size;
      if (inner.folder) found.push({ path: `${utf8(top.name)}/${utf8(inner.name)}`, size });
    }
    found.push({ path: utf8(top.name), size: whole });
  }
  return found.sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1)).slice(0, count);
}

interface Child {
  /** latin1 */
  name: string;
  path: Buffer;
  folder: boolean;
}

function children(folder: Buffer): Child[] {
  const entries = readdirSync(folder, { withFileTypes: true, encoding: 'buffer' });
  return entries.map((entry) => ({
    name: entry.name.toString('latin1'),
    path: Buffer.concat([folder, slash, entry.name]),
    folder: entry.isDirectory(),
  }));
}

/** Stops counting once there is `enough`; follows no link. */
function bytesBelow(entry: Child, enough: number): number {
  if (!entry.folder) return lstatSync(entry.path).size;
  const inner = children(entry.path);
  let sum = 0;
  for (const file of inner.filter((child) => !child.folder)) {
    sum += lstatSync(file.path).size;
    if (sum >= enough) return sum;
  }
  for (const folder of inner.filter((child) => child.folder)) {
    sum += bytesBelow(folder, enough - sum);
    if (sum >= enough) return sum;
  }
  return sum;
}

function utf8(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}
