// A SQLite that was compiled for another Node than the one that runs.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openFile } from '../../../platform/store/database.ts';

it('is told as that, with the Node and what to do; what else is wrong is told as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-database-'));
  try {
    const nativeBinding = join(folder, 'better_sqlite3.node');
    await writeFile(nativeBinding, 'compiled for nothing');
    expect(() => openFile(':memory:', { nativeBinding })).toThrow(
      expect.objectContaining({
        code: 'service_unavailable',
        message: expect.stringMatching(
          new RegExp(
            `not compiled for the Node that runs this, ${process.version} at .* Run scripts/install again`,
          ),
        ),
      }),
    );
    expect(() => openFile(join(folder, 'none/twelve.db'))).toThrow('directory does not exist');
    openFile(join(folder, 'twelve.db')).close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
