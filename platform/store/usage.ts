// What the data folder holds, by kind: one look of `du`, which counts a file with several names once.
import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/** Folders of the data folder, by what is in them; the rest is `other`. */
const kinds: Readonly<Record<string, string>> = {
  blobs: 'slugs',
  git: 'repositories',
  logs: 'logs',
  outputs: 'outputs',
  cache: 'build caches',
  buildpacks: 'build caches',
  debs: 'build caches',
  work: 'builds',
  sources: 'builds',
};
const patienceMs = 15_000;

/** Bytes by kind; null when it takes too long, or `du` is not there. */
export async function usedByKind(folder: string): Promise<Record<string, number> | null> {
  const args = ['--one-file-system', '--block-size=1', '--max-depth=1', folder];
  // What is removed meanwhile is complained about, and the rest is told all the same.
  const said = await promisify(execFile)('du', args, { timeout: patienceMs }).catch(
    (error: { killed?: boolean; stdout?: string }) => (error.killed ? null : error),
  );
  return said?.stdout ? sumByKind(folder, said.stdout) : null;
}

function sumByKind(folder: string, text: string): Record<string, number> {
  const sums: Record<string, number> = {};
  let [whole, parts] = [0, 0];
  for (const line of text.trim().split('\n')) {
    const [bytes = '', path = ''] = line.split('\t');
    const name = relative(folder, join(path));
    if (name === '') {
      whole = Number(bytes);
      continue;
    }
    parts += Number(bytes);
    const kind = kinds[name] ?? 'other';
    sums[kind] = (sums[kind] ?? 0) + Number(bytes);
  }
  // The database, and what else lies beside the folders.
  return { ...sums, database: Math.max(0, whole - parts) };
}
