// Packing a repository together after its pushes.
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commit, must, repositoryWith, startServer, until } from './support.ts';

it('packs a repository together some time after a push, and loses nothing', async () => {
  await using server = await startServer(undefined, { maintenanceDelayMs: 10 });
  const work = await repositoryWith(server);
  const repository = await server.git.ensureRepository('id-of-hello');
  const packs = async (): Promise<number> => {
    const names = await readdir(join(repository, 'objects', 'pack')).catch(() => []);
    return names.filter((name) => name.endsWith('.pack')).length;
  };
  // As many packs as 35 pushes would leave, without the pushes.
  for (let count = 0; count < 35; count += 1) {
    const run = (args: string[], input: string): string =>
      execFileSync('git', args, { cwd: repository, input, encoding: 'utf8' }).trim();
    const id = run(['hash-object', '-w', '--stdin'], `content ${count}`);
    run(['pack-objects', '-q', 'objects/pack/pack'], `${id}\n`);
  }
  expect(await packs()).toBe(35);
  const tip = await commit(work, { more: 'more' });
  await must(work, 'push', server.remote(), 'main');
  await until(async () => (await packs()) < 5);
  await must(server.folder, 'clone', '-q', server.remote(), 'cloned');
  expect(await must(join(server.folder, 'cloned'), 'rev-parse', 'HEAD')).toBe(tip);
  expect(server.problems).toEqual([]);
});
