// What a layer is made of, in one line: path, mode and size of every file.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function listing(folder: string): Promise<string> {
  const { stdout } = await run('find', [folder, '-printf', '%P %y %m %s %l\n'], {
    maxBuffer: 64 * 1_048_576,
  });
  // Sizes of folders depend on their history.
  const lines = stdout
    .replace(/^(.* d \d+) \d+ $/gm, '$1')
    .split('\n')
    .sort();
  return `${lines.length} entries, sha256 ${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}
