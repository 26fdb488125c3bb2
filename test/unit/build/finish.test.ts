// The end of a build: what a buildpack of others proposes is held to the rules of a user's own settings.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBuildCache } from '../../../platform/build/cache.ts';
import type { BuildContainer } from '../../../platform/build/container.ts';
import { finish, type Ran } from '../../../platform/build/finish.ts';
import { parseRelease } from '../../../platform/build/release-metadata.ts';
import { createWorkspace } from '../../../platform/build/workspace.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twelve-finish-'));
});
afterEach(() => rm(folder, { recursive: true }));

const outside = (): string => join(folder, 'outside');

interface More {
  /** What buildpacks left for the next build. */
  cached?: Record<string, string>;
  cacheBytes?: number;
}

async function finished(
  release: string,
  isFirst: boolean,
  config: Record<string, string> = {},
  { cached = {}, cacheBytes = 1e9 }: More = {},
) {
  const workspace = await createWorkspace(join(folder, 'work'), 'one');
  for (const [path, text] of Object.entries(cached)) {
    await mkdir(join(workspace.cache, path, '..'), { recursive: true });
    await writeFile(join(workspace.cache, path), text);
  }
  await workspace.beginBuild({ id: 'one', commit: null });
  const lines: string[] = [];
  const given = { FROM_APP_JSON: 'mine' };
  const ran: Ran = {
    source: {
      choice: { mode: 'auto', buildpacks: [], likely: null, before: 0, subdirectory: false },
      entries: [],
      config: { ...given, ...config },
      given,
      appJson: null,
      declared: {},
    } as unknown as Ran['source'],
    gathered: { buildpacks: [], release: () => undefined } as unknown as Ran['gathered'],
    container: { remove: async () => undefined } as unknown as BuildContainer,
  };
  const tree = await finish(
    { stackName: 'debian-13', cache: createBuildCache(join(folder, 'cache')), limits: { cacheBytes } },
    { id: 'one', appId: 'one', isFirst, write: (line) => lines.push(line) },
    workspace,
    ran,
    { used: [], displayName: 'Theirs', metadata: parseRelease(release), procfile: 'web: x\n' },
  );
  return { tree, lines };
}

describe('config vars of bin/release', () => {
  const release = JSON.stringify({
    config_vars: {
      '../../../../outside': 'owned',
      GOOD: 'yes',
      PORT: '1',
      NUL: 'a\0b',
      FROM_APP_JSON: 'theirs',
      OWN: 'theirs',
      MUCH: 'x'.repeat(40_000),
    },
  });

  it('that no user could set are left out, and each is told', async () => {
    const own = { OWN: 'mine', LARGE: 'y'.repeat(30_000) };
    const { tree, lines } = await finished(release, true, own);
    expect(tree.configDefaults).toEqual({ GOOD: 'yes', FROM_APP_JSON: 'mine' });
    const told = lines.filter((line) => line.startsWith(' !     A config var that Theirs gives'));
    expect(told).toEqual([
      expect.stringContaining('"../../../../outside" is not a config var name'),
      expect.stringContaining('PORT is set by the platform'),
      expect.stringContaining('The value of NUL contains a NUL byte'),
      expect.stringContaining('65536 bytes in all'),
    ]);
    expect(JSON.stringify(lines)).not.toContain('owned');
  });

  it('are nobody’s business after the first release', async () => {
    const { lines } = await finished(release, false);
    expect(lines.filter((line) => line.startsWith(' !'))).toEqual([]);
  });

  it('become no process type when their command has a NUL byte', async () => {
    const { tree } = await finished('default_process_types: {worker: "a\\0b", other: ok}', true);
    expect(tree.processTypes).toEqual({ web: 'x', other: 'ok' });
  });
});

describe('the cache', () => {
  const cached = {
    'downloads/a': 'x'.repeat(3_000_000),
    '.immutable/runtime-1/b': 'x'.repeat(6_000_000),
    'state\u001b[2J': 'x',
  };
  const next = async () => {
    const into = await mkdtemp(join(folder, 'next-'));
    const restored = await createBuildCache(join(folder, 'cache')).restore('one', 'debian-13_none', into);
    return [restored, ...(await readdir(into)).sort()];
  };

  it('is kept up to the limit, without a word', async () => {
    const { tree, lines } = await finished('', false, {}, { cached, cacheBytes: 10 * 1_048_576 });
    const before = lines.length;
    await tree.keepCache();
    await tree.dispose();
    expect(lines).toHaveLength(before);
    expect(await next()).toEqual(['restored', '.immutable', 'downloads', 'state\u001b[2J']);
  });

  it('is thrown away over it, the earlier one too, with a sentence that names what is large', async () => {
    const small = await finished('', false, {}, { cached: { small: 'x' } });
    await small.tree.keepCache();
    await small.tree.dispose();
    expect(await next()).toEqual(['restored', 'small']);
    const { tree, lines } = await finished('', false, {}, { cached, cacheBytes: 5 * 1_048_576 });
    await tree.keepCache();
    await tree.dispose();
    expect(lines.slice(-2)).toEqual([
      expect.stringMatching(/^ ! {5}The build cache has 9 MB, limit 5 MB: it is thrown away, and/),
      expect.stringMatching(/^ ! {5}Largest: runtime-1 6 MB, downloads 3 MB, state\\u001b\[2J 0 MB\. /),
    ]);
    expect(await next()).toEqual(['empty']);
  });

  it('counts what lies in the kept one and was moved out of the build', async () => {
    const first = await finished('', false, {}, { cached });
    await first.tree.keepCache();
    await first.tree.dispose();
    const moved = { '.immutable/.keep': 'runtime-1\n../../elsewhere\n' };
    const { tree, lines } = await finished('', false, {}, { cached: moved, cacheBytes: 5 * 1_048_576 });
    await tree.keepCache();
    await tree.dispose();
    expect(lines.at(-1)).toContain('Largest: runtime-1 6 MB. ');
    expect(await next()).toEqual(['empty']);
  });
});

describe('the folder of config vars', () => {
  it.each(['../../../../outside', '../outside', 'a/b', '.', '', '__proto__', 'A\0'])(
    'takes no file of the name %j',
    async (name) => {
      const workspace = await createWorkspace(join(folder, 'work'), 'one');
      const before = (await readdir(folder, { recursive: true })).sort();
      const config = Object.fromEntries([
        ['GOOD', 'x'],
        [name, 'owned'],
      ]);
      await expect(workspace.writeConfig(config)).rejects.toThrow(/is not a config var name/);
      expect((await readdir(folder, { recursive: true })).sort()).toEqual(before);
      expect(existsSync(outside())).toBe(false);
    },
  );

  it('takes every other', async () => {
    const workspace = await createWorkspace(join(folder, 'work'), 'one');
    await writeFile(outside(), 'untouched');
    await workspace.writeConfig({ _a1: 'x', B: 'y\n' });
    expect(await readFile(join(workspace.env, 'B'), 'utf8')).toBe('y\n');
    expect((await readdir(workspace.env)).sort()).toEqual(['B', '_a1']);
  });
});
