// A built tree with changed code becomes an image that can be run, against docker build of the same content.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../../platform/config.ts';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { createSlugs } from '../../../platform/slugs/slugs.ts';
import { type Bench, byHandLabel } from '../bench.ts';
import { timed } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';
import { stackImage } from '../stack.ts';
import { makeTree } from '../tree.ts';

export const slugIntoEngine: Row = {
  name: 'slug-into-engine',
  about:
    'a 60 MB app with changed code, from its built tree to an image / docker build --no-cache of the same tree',
  unit: 's',
  bar: { value: 0.25, kind: 'at most' },
  async measure(bench: Bench) {
    const stack = await stackImage(bench);
    const root = join(bench.folder, 'tree');
    const { files, bytes } = await makeTree(join(root, 'app'));
    bench.say(`the tree has ${files} files, ${(bytes / 1e6).toFixed(1)} MB`);
    const label = `LABEL ${byHandLabel}=${bench.id}`;
    await writeFile(join(root, 'Dockerfile'), `FROM ${stack}\n${label}\nWORKDIR /app\nCOPY app /app\n`);
    const config = readConfig(process.env);
    const engine = createDockerEngine({ socketPath: config.engineSocket });
    await mkdir(join(bench.folder, 'blobs'));
    const slugs = await createSlugs({
      engine,
      instance: bench.id,
      folder: join(bench.folder, 'blobs'),
      address: { host: '127.0.0.1', port: 0 },
      token: bench.id,
      onProblem: bench.say,
    });

    async function intoEngine(turn: number): Promise<number> {
      await writeFile(join(root, 'app', 'server.js'), `export const turn = ${turn};\n`);
      return timed(async () => {
        const { manifest } = await slugs.pack({
          root,
          created: ['node_modules'],
          stackImage: stack,
          limitBytes: config.slugLimitBytes,
          signal: bench.signal,
        });
        await slugs.ensureImage({ appName: 'bench', manifest, signal: bench.signal });
      });
    }

    async function build(turn: number): Promise<number> {
      const tag = `twelve-bench-${bench.id}/tree:${turn}`;
      const seconds = await timed(() => bench.docker('build', '--quiet', '--no-cache', '--tag', tag, root));
      await bench.docker('rmi', tag);
      return seconds;
    }

    try {
      await slugs.prime(stack);
      return await inTurns(bench, 's', intoEngine, build);
    } finally {
      await slugs.close();
      engine.close();
    }
  },
};
