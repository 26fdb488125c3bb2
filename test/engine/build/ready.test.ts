// What is made ready for the next build of an app: used when it fits, gone when it does not, and never in the way.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { label } from '../../../platform/engine/labels.ts';
import { type Builds, startPurposeMade } from './builds.ts';

let builds: Builds;
afterEach(() => builds[Symbol.asyncDispose]());

/** Leaves what it was given in the tree, and counts the builds in the cache. */
const compile = `env | sort > $1/environment; echo "$*" > $1/arguments; echo x >> $2/count; cp $2/count $1/count
cat $3/NAME > $1/name; ls -A $2 > $1/cache`;
const scripts = {
  'null/detect': 'true',
  'null/compile': compile,
  'null/release': 'echo "default_process_types: {web: run}"',
  'procfile/detect': 'true',
  'procfile/compile': compile,
};

async function start(ready: number): Promise<void> {
  builds = await startPurposeMade(scripts, { ready });
}

/** @param other a build whose container may not be gone yet */
async function waiting(count: number, other?: string): Promise<string[]> {
  for (;;) {
    const running = (await builds.containers()).filter(
      (one) => one.state === 'running' && (other === undefined || one.labels[label.build] !== other),
    );
    if (running.length === count) return running.map((one) => one.id);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const source = { '.buildpacks': 'null' };

describe('a place made ready', () => {
  test('is used by the next build, which differs from the first in nothing', async () => {
    await start(1);
    const app = crypto.randomUUID();
    const ids = [crypto.randomUUID(), crypto.randomUUID()] as const;
    const first = await builds.build(source, { app, id: ids[0], config: { NAME: 'one' } });
    builds.builder.makeReady(app);
    const [place] = await waiting(1, ids[0]);
    const during: string[] = [];
    const second = await builds.build(
      { ...source, slow: '' },
      {
        app,
        id: ids[1],
        config: { NAME: 'two' },
        onLine: async (line) => {
          if (line.includes('Using buildpack')) during.push(...(await waiting(1, ids[0])));
        },
      },
    );
    expect(during.every((id) => id === place)).toBe(true);
    const read = (built: typeof first, name: string) => readFile(join(built.app, name), 'utf8');
    expect(await read(second, 'name')).toBe('two');
    expect(await read(second, 'count')).toBe('x\nx\n');
    expect(second.lines).toContain('       Build cache: restored');
    for (const name of ['environment', 'arguments', 'cache']) {
      const [one, two] = [await read(first, name), await read(second, name)];
      expect(two.replaceAll(ids[1], 'ID')).toBe(one.replaceAll(ids[0], 'ID'));
      expect(one).not.toBe('');
    }
    await Promise.all([first.tree.dispose(), second.tree.dispose()]);
    expect(await builds.containers()).toEqual([]);
  });

  test('is left alone by a build with other buildpacks: an empty cache, a container of its own', async () => {
    await start(1);
    const app = crypto.randomUUID();
    const first = await builds.build(source, { app, config: { NAME: 'one' } });
    builds.builder.makeReady(app);
    await waiting(1);
    const other = await builds.build(
      { '.buildpacks': 'null\nprocfile', Procfile: 'web: run' },
      { app, config: { NAME: 'two' } },
    );
    // Both buildpacks of this build count; nothing is left of the other list's.
    expect(await readFile(join(other.app, 'count'), 'utf8')).toBe('x\nx\n');
    expect(other.lines).toContain('       Build cache: empty');
    await Promise.all([first.tree.dispose(), other.tree.dispose()]);
    expect(await builds.containers()).toEqual([]);
  });

  test('that is gone is not missed', async () => {
    await start(1);
    const app = crypto.randomUUID();
    await builds.build(source, { app, config: { NAME: 'one' } });
    builds.builder.makeReady(app);
    const [place] = await waiting(1);
    await builds.engine.remove(place!);
    const next = await builds.build(source, { app, config: { NAME: 'two' } });
    expect(await readFile(join(next.app, 'count'), 'utf8')).toBe('x\nx\n');
  });

  test('goes when another app takes its turn, when the cache is purged, and at the end; a failed build leaves none', async () => {
    await start(1);
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()] as const;
    for (const app of [one, two]) {
      const { tree } = await builds.build(source, { app, config: { NAME: 'x' } });
      await tree.dispose();
      builds.builder.makeReady(app);
    }
    await waiting(1);
    const failure = await builds.failure({ '.buildpacks': 'nothing-known' }, { app: two });
    expect(failure.id).toBe('E3');
    expect(await waiting(0)).toEqual([]);
    builds.builder.makeReady(two);
    await waiting(1);
    await builds.builder.purgeCache(two);
    expect(await builds.containers()).toEqual([]);
    builds.builder.makeReady(one);
    await builds.builder.close();
    expect(await builds.containers()).toEqual([]);
  });

  test('is not made unless asked for', async () => {
    await start(0);
    const app = crypto.randomUUID();
    const built = await builds.build(source, { app, config: { NAME: 'x' } });
    builds.builder.makeReady(app);
    await built.tree.dispose();
    expect(await readdir(join(builds.folder, 'work'))).toEqual([]);
    expect(await builds.containers()).toEqual([]);
  });
});
