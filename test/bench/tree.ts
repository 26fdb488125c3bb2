// A built Node app as large as real ones: the same bytes in each run, hardly compressible.
import { createCipheriv } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const packages = 240;
const filesInEach = 40;
const ownFiles = 100;
/** Sizes go from a few hundred bytes to tens of kilobytes, as those of modules do. */
const sizes = [300, 800, 1500, 2500, 4000, 5500, 8000, 12_000, 20_000, 6900];

/** @returns what was made: `node_modules`, which buildpacks would have made, and the app's own code in `lib` */
export async function makeTree(app: string): Promise<{ files: number; bytes: number }> {
  // A cipher over zeros, with a fixed key: bytes that look random and are always the same.
  const source = createCipheriv('aes-128-ctr', Buffer.alloc(16, 12), Buffer.alloc(16));
  let files = 0;
  let bytes = 0;
  const fill = async (folder: string, count: number): Promise<void> => {
    await mkdir(folder, { recursive: true });
    for (let n = 0; n < count; n++) {
      const size = sizes[n % sizes.length]!;
      await writeFile(join(folder, `file-${n}.js`), source.update(Buffer.alloc(size)));
      files += 1;
      bytes += size;
    }
  };
  for (let n = 0; n < packages; n++)
    await fill(join(app, 'node_modules', `package-${n}`, 'lib'), filesInEach);
  await fill(join(app, 'lib'), ownFiles);
  return { files, bytes };
}
