// The end of a build: what a buildpack of others proposes is held to the rules of a user's own settings.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildCache } from '../../../platform/build/cache.ts';
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

async function finished(release: string, isFirst: boolean, config: Record<string, string> = {}) {
  const workspace = await createWorkspace(join(folder, 'work'), 'one');
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
    { stackName: 'debian-13', cache: {} as BuildCache },
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
