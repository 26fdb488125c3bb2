// Looks at a built app: what lies in its folder, how large it is, and what makes it too large.
import { lstatSync, readdirSync } from 'node:fs';
import { type Breath, breathing } from './breath.ts';
import { layerBytes, type TreeEntry } from './partition.ts';

const slash = Buffer.from('/');

/**
 * The entries that layers are cut from: the top level, and one level more in hidden folders that buildpacks created.
 * @param created top-level names
 */
export async function survey(app: string, created: readonly string[]): Promise<TreeEntry[]> {
  const breath = breathing();
  const made = new Set(created.map((name) => Buffer.from(name).toString('latin1')));
  const entries: TreeEntry[] = [];
  for (const top of children(Buffer.from(app))) {
    const isCreated = made.has(top.name);
    const inner = isCreated && top.folder && top.name.startsWith('.') ? children(top.path) : [];
    const parts = inner.map((child) => ({ ...child, name: `${top.name}/${child.name}` }));
    // An empty hidden folder is an entry of its own, or it would be lost.
    for (const part of parts.length > 0 ? parts : [top]) {
      // What is the app's own goes into the app layer whatever its size: no need to look.
      const size = isCreated ? await bytesBelow(part, layerBytes, breath) : 0;
      entries.push({ path: part.name, size, created: isCreated });
    }
  }
  return entries;
}

/** How large it is in all, and the largest folders of the first two levels, largest first. */
export async function largestFolders(
  app: string,
  count: number,
): Promise<{ total: number; largest: { path: string; size: number }[] }> {
  let total = 0;
  const found: { path: string; size: number }[] = [];
  const breath = breathing();
  for (const top of children(Buffer.from(app))) {
    if (!top.folder) {
      total += lstatSync(top.path).size;
      continue;
    }
    let whole = 0;
    for (const inner of children(top.path)) {
      const size = await bytesBelow(inner, Number.POSITIVE_INFINITY, breath);
      whole += size;
      if (inner.folder) found.push({ path: `${utf8(top.name)}/${utf8(inner.name)}`, size });
    }
    found.push({ path: utf8(top.name), size: whole });
    total += whole;
  }
  const largest = found.sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1)).slice(0, count);
  return { total, largest };
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
async function bytesBelow(entry: Child, enough: number, breath: Breath): Promise<number> {
  if (!entry.folder) return lstatSync(entry.path).size;
  await breath();
  const inner = children(entry.path);
  let sum = 0;
  for (const file of inner.filter((child) => !child.folder)) {
    sum += lstatSync(file.path).size;
    if (sum >= enough) return sum;
  }
  for (const folder of inner.filter((child) => child.folder)) {
    sum += await bytesBelow(folder, enough - sum, breath);
    if (sum >= enough) return sum;
  }
  return sum;
}

function utf8(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}
