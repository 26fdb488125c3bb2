// What a program and all it started hold and use, as the kernel counts it: memory (PSS: pages that are shared count in
// parts) and processor time.
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

/** What stands behind the name in a line of /proc/PID/stat; the name, in brackets, may hold anything. */
const behindName = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/** From a line of /proc/PID/stat. */
export function parentOf(stat: string): number | null {
  return stat === '' ? null : Number(behindName(stat)[1]);
}

/** Seconds of processor time so far, in a line of /proc/PID/stat: hundredths on every Linux that Node runs on. */
export function processorSecondsIn(stat: string): number {
  const fields = behindName(stat);
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export async function processorSeconds(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
  return each.reduce((sum, stat) => sum + processorSecondsIn(stat), 0);
}

/** … and of the children that ended and were waited for. */
export function processorSecondsWithEndedIn(stat: string): number {
  const fields = behindName(stat);
  return processorSecondsIn(stat) + (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Of a whole tree, as `treeOf` gives it: what a process took that ends meanwhile is found with its parent, which is read after it. */
export async function processorSecondsWithEnded(tree: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of tree.toReversed()) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch((error: unknown) => {
      if (pid === tree[0]) throw error;
      return '';
    });
    if (stat !== '') sum += processorSecondsWithEndedIn(stat);
  }
  return sum;
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
