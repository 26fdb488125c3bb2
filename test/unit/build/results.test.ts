// bin/release's YAML, process types, and a buildpack's own last words.
import { describe, expect, test } from 'vitest';
import { discoverProcessTypes } from '../../../platform/build/process-types.ts';
import { parseRelease } from '../../../platform/build/release-metadata.ts';
import { ownMessage, readResults } from '../../../platform/build/results.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';

describe('bin/release', () => {
  const nothing = { processTypes: {}, configVars: {}, addons: [] };

  test.each(['', '---\n', '--- {}\n', '# only a comment\n'])('%j says nothing', (text) => {
    expect(parseRelease(text)).toEqual(nothing);
  });

  test('types, config vars and add-ons are strings as they stand; unknown keys do not matter', () => {
    const text =
      '---\naddons:\n  - heroku-postgresql\nconfig_vars:\n  PORTS: 8080\n  ON: yes\ndefault_process_types:\n  web: "bin/x $PORT"\nother: [1]\n';
    expect(parseRelease(text)).toEqual({
      processTypes: { web: 'bin/x $PORT' },
      configVars: { PORTS: '8080', ON: 'yes' },
      addons: ['heroku-postgresql'],
    });
  });

  test.each([
    ['a: [b', /valid YAML/],
    ['- list', /not a map/],
    ['default_process_types: web', /not a map of strings/],
    ['default_process_types:\n  web: [a]', /not a map of strings \(web\)/],
    [`a: ${'x'.repeat(70_000)}`, /64 KB/],
  ])('%.30j is refused', (text, why) => {
    expect(() => parseRelease(text)).toThrow(why);
  });
});

describe('process types', () => {
  test('the Procfile overrides defaults name by name, and both are shown', () => {
    const { processTypes, lines } = discoverProcessTypes(
      'web: ./mine\nworker: ./work\n',
      { web: 'npm start', console: 'node' },
      'Node.js',
    );
    expect(processTypes).toEqual({ web: './mine', worker: './work', console: 'node' });
    expect(lines).toEqual([
      '-----> Discovering process types',
      '       Procfile declares types   -> web, worker',
      '       Default types for Node.js -> web, console',
    ]);
  });

  test('a default that the Procfile replaces altogether is not worth a line', () => {
    expect(discoverProcessTypes('web: x', { web: 'y' }, 'Node.js').lines).toHaveLength(2);
    expect(discoverProcessTypes(null, { web: 'y' }, 'Node.js').lines[1]).toContain('Default types');
  });

  test('a bad Procfile line is E16', () => {
    expect(() => discoverProcessTypes('web x', {}, 'x')).toThrow(/Procfile line 1: "web x"/);
  });

  test('a command with a NUL byte, with which nothing can be started, is E16', () => {
    expect(() => discoverProcessTypes('a: b\nweb: x\0y', {}, 'x')).toThrow(/Procfile line 2: .* NUL byte/);
  });
});

describe("a buildpack's last words", () => {
  test('are the message, with the id of the catalogue when it ends with one', () => {
    expect(
      ownMessage([' !     \x1b[31mno good\x1b[0m', ' !     try this', ' !     E7 lockfile-stale', '']),
    ).toEqual({
      message: 'no good\ntry this',
      id: 'E7',
    });
    expect(ownMessage([' !     only words'])).toEqual({ message: 'only words', id: null });
    expect(ownMessage([])).toBeNull();
  });
});

describe('how a failed compile is told', () => {
  type Ended = Parameters<typeof readResults>[0];
  async function failure(code: number, more: Partial<Ended>) {
    const ended = {
      workspace: { result: async () => `compile 0 ${code}\n` },
      choice: { mode: 'explicit', from: 'x', buildpacks: [{ name: 'theirs' }] },
      placed: [],
      commit: null,
      entries: [],
      folder: null,
      memory: 64 * 1_048_576,
      saidOutOfMemory: null,
      oomKilled: async () => false,
      outOfProcesses: null,
      endOfOutput: [],
      write: () => undefined,
      clean: (text: string) => text,
      ...more,
    } as unknown as Ended;
    const error: unknown = await readResults(ended).catch((thrown: unknown) => thrown);
    if (!(error instanceof PlatformError)) throw error;
    return [error.details['id'], error.message];
  }

  test('memory is the cause where the kernel says so, or the end of the output, or words before with the exit code', async () => {
    const id = async (code: number, more: Partial<Ended>) => (await failure(code, more))[0];
    expect(await id(1, { saidOutOfMemory: 'at the end' })).toBe('E18');
    expect(await id(134, { saidOutOfMemory: 'before' })).toBe('E18');
    expect(await id(137, { saidOutOfMemory: 'before' })).toBe('E18');
    expect(await id(1, { oomKilled: async () => true })).toBe('E18');
    expect(await id(1, { saidOutOfMemory: 'before' })).toBe('compile');
    expect(await id(137, {})).toBe('compile');
  });

  test('lines that no id ends may be a warning: the exit code is told too, once', async () => {
    const endOfOutput = [' !     a thing is deprecated'];
    expect(await failure(2, { endOfOutput })).toEqual([
      'compile',
      'a thing is deprecated\nBuildpack theirs failed with exit code 2.',
    ]);
    expect((await failure(137, { endOfOutput }))[1]).toMatch(/failed with exit code 137 \(killed\)\.$/);
    const own = [' !     It ended with exit code 7.'];
    expect(await failure(7, { endOfOutput: own })).toEqual(['compile', 'It ended with exit code 7.']);
    expect(await failure(2, { endOfOutput: own })).toEqual([
      'compile',
      'It ended with exit code 7.\nBuildpack theirs failed with exit code 2.',
    ]);
    expect(await failure(1, { endOfOutput: [' !     stale', ' !     E7 lockfile-stale'] })).toEqual([
      'E7',
      'stale',
    ]);
  });
});

test('a name, a reason and add-ons that a buildpack gives are cleaned before they are shown', async () => {
  const said: Record<string, string> = {
    'name-0': 'Bad name\n',
    'detect-0': 'Bad reason\n',
    used: '0\n',
    'release.yml': 'addons: [Bad one]\n',
  };
  const ended = (status: string) =>
    ({
      workspace: { result: async (name: string) => (name === 'status' ? status : (said[name] ?? null)) },
      choice: { mode: 'explicit', from: 'x', buildpacks: [{ name: 'theirs' }] },
      placed: [{ name: 'theirs', pin: null }],
      oomKilled: async () => false,
      saidOutOfMemory: null,
      outOfProcesses: null,
      endOfOutput: [],
      write: () => undefined,
      clean: (text: string) => text.replaceAll('Bad', 'Good'),
    }) as unknown as Parameters<typeof readResults>[0];
  const result = await readResults(ended('done 0 0\n'));
  expect([result.displayName, result.metadata.addons]).toEqual(['Good name', ['Good one']]);
  await expect(readResults(ended('detect 0 1\n'))).rejects.toThrow(
    /does not apply to this app: Good reason\./,
  );
});
