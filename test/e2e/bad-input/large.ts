// Pushes that take more than a map of files: blobs of 200 MB, and submodules.
import { randomFillSync } from 'node:crypto';
import { copyFile, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../support/app-repository.ts';
import { type Ground, type Row, told } from './row.ts';

const blobMegabytes = 200;

/** A commit with the same 200 MB of noise under each of these names in `data`, which git sends once. */
export function withBlob(names: readonly string[], ...args: string[]): Row['act'] {
  return onBranch(async ({ hello }) => {
    const data = join(hello.folder, 'data');
    await mkdir(data);
    const [first, ...others] = names.map((name) => join(data, name)) as [string, ...string[]];
    await writeNoise(first);
    for (const other of others) await copyFile(first, other);
    // Nobody needs to try how well noise compresses.
    await must(hello.git('config', 'core.compression', '0'));
    await must(hello.git('config', 'core.bigFileThreshold', '1m'));
    await must(hello.git('add', 'data'));
  }, args);
}

/** A commit with a submodule that is said to be there. */
export function submoduleOf(url: string): Row['act'] {
  return onBranch(
    async ({ hello }) => {
      const head = (await must(hello.git('rev-parse', 'HEAD'))).stdout.trim();
      const set = (key: string, value: string) =>
        must(hello.git('config', '-f', '.gitmodules', `submodule.vendor/thing.${key}`, value));
      await set('path', 'vendor/thing');
      await set('url', url);
      await must(hello.git('add', '.gitmodules'));
      await must(hello.git('update-index', '--add', '--cacheinfo', `160000,${head},vendor/thing`));
    },
    ['platform', 'attempt:main'],
  );
}

function onBranch(prepare: (on: Ground) => Promise<void>, args: readonly string[]): Row['act'] {
  return async (on) => {
    const { hello } = on;
    await must(hello.git('checkout', '-q', '-f', '-B', 'attempt', 'main'));
    try {
      await prepare(on);
      await must(hello.git('commit', '-q', '-m', 'attempt'));
      return told(await hello.git('push', ...args));
    } finally {
      await must(hello.git('checkout', '-q', '-f', 'main'));
      await rm(join(hello.folder, 'data'), { recursive: true, force: true });
    }
  };
}

async function writeNoise(file: string): Promise<void> {
  const handle = await open(file, 'w');
  const chunk = Buffer.alloc(1024 * 1024);
  for (let count = 0; count < blobMegabytes; count += 1) await handle.write(randomFillSync(chunk));
  await handle.close();
}
