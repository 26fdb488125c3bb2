// Memory of a program and all it started, as the kernel counts it: pages that are shared count in parts (PSS).
import { readdir, readFile } from 'node:fs/promises';

/** The process and what descends from it, at this moment. */
export async function treeOf(root: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // One may end while we look.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = parentOf(stat);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

/** From a line of /proc/PID/stat. */
export function parentOf(stat: string): number | null {
  // The name in brackets may hold anything.
  const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  return stat === '' || parent === undefined ? null : Number(parent);
}

/** Bytes. @throws Error when it may not be read: other users' processes take root */
export async function proportionalBytes(pid: number): Promise<number> {
  return parsePss(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'));
}

/** Of the text of a smaps_rollup. */
export function parsePss(text: string): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  if (kilobytes === undefined) throw new Error(`This says nothing of proportional memory:\n${text}`);
  return Number(kilobytes) * 1024;
}
