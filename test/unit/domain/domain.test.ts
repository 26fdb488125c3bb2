// Words and rules: names, Procfiles, config vars, quantities, releases, log lines.
import { describe, expect, test } from 'vitest';
import { generateAppName, parseAppName } from '../../../platform/domain/app.ts';
import {
  changeConfig,
  configBytes,
  describeConfigChange,
  maxConfigBytes,
} from '../../../platform/domain/config-vars.ts';
import {
  type FormationEntry,
  formationWith,
  parseQuantity,
  requireRoom,
} from '../../../platform/domain/formation.ts';
import { formatLogLine } from '../../../platform/domain/log-line.ts';
import { parseProcfile } from '../../../platform/domain/procfile.ts';
import { checkRollback, type Release } from '../../../platform/domain/release.ts';

describe('app names', () => {
  test.each(['abc', 'my-app-2', `a${'b'.repeat(29)}`])('%s is one', (name) =>
    expect(parseAppName(name)).toBe(name),
  );
  test.each(['', 'ab', 'Abc', '1abc', 'abc-', 'a_b', 'a'.repeat(31), 'api', 'ünïcode'])(
    '%j is refused',
    (name) => {
      expect(() => parseAppName(name)).toThrow(expect.objectContaining({ code: 'invalid_params' }));
    },
  );
  test('generated names are valid', () => {
    for (const n of [0, 0.5, 0.999]) expect(parseAppName(generateAppName(() => n))).toBeTruthy();
  });
});

describe('Procfile', () => {
  test('quotes, comments, CRLF, BOM, no last newline', () => {
    const text = '\uFEFF# types\r\nweb: node "a b.js" $PORT && x # yes\r\n\r\nworker_2:\tnode w.js';
    expect(parseProcfile(text)).toEqual({ web: 'node "a b.js" $PORT && x # yes', worker_2: 'node w.js' });
  });
  test.each([
    ['web node', /line 1/],
    ['web: a\nweb: b', /line 2.*twice/],
    ['<<<<<<< HEAD', /line 1/],
    ['web:', /line 1/],
  ])('%j is refused with its line', (text, message) => expect(() => parseProcfile(text)).toThrow(message));
  test('a type named __proto__ is a type', () => {
    expect(Object.keys(parseProcfile('__proto__: a'))).toEqual(['__proto__']);
  });
});

describe('config vars', () => {
  test('sets, removes, and knows when nothing changes', () => {
    const before = { A: '1', B: '2' };
    expect(changeConfig(before, { A: null, C: '3' })).toEqual({ B: '2', C: '3' });
    expect(changeConfig(before, { A: '1', Z: null })).toBe(before);
  });
  test('values keep newlines, quotes, emoji and emptiness', () => {
    const value = 'a\nb"c\'d 🎈';
    expect(changeConfig({}, { V: value, E: '' })).toEqual({ V: value, E: '' });
  });
  test.each(['1A', 'A-B', 'A B', '', 'Ä', '__proto__'])('the name %j is refused', (name) => {
    expect(() =>
      changeConfig({}, JSON.parse(`{${JSON.stringify(name)}: "x"}`) as Record<string, string>),
    ).toThrow(/not a config var name/);
  });
  test("NUL and the platform's own names are refused", () => {
    expect(() => changeConfig({}, { A: 'a\0b' })).toThrow(/NUL/);
    expect(() => changeConfig({}, { PORT: '1' })).toThrow(/set by the platform/);
  });
  describe('names that could be stored once', () => {
    const stored = Object.fromEntries([
      ['GOOD', 'x'],
      ['A-B', 'old'],
      ['__proto__', 'older'],
    ]);
    const sentence =
      '"A-B", "__proto__" are not config var names, and no release or build can have them: remove them (twelve config:unset A-B __proto__).';
    test('are named, with how to remove them, whatever else is changed', () => {
      expect(() => changeConfig(stored, { GOOD: 'y' })).toThrow(sentence);
      expect(() => changeConfig(stored, { 'A-B': null })).toThrow(/^"__proto__" is not .*unset __proto__\)/);
      expect(() => changeConfig({ 'A B': '', GOOD: 'x' }, { GOOD: null })).toThrow(
        "(twelve config:unset 'A B')",
      );
      for (const name of ['A\u001b[2JB', 'A=B', '-A'])
        expect(() => changeConfig({ [name]: '' }, { GOOD: 'x' })).toThrow(
          /^"[ -~]+" is not .* remove it \(send the API's PATCH \/apps\/<app>\/config-vars with it as null\)\.$/,
        );
    });
    test('may be removed, with other changes in one', () => {
      const change = Object.fromEntries([
        ['A-B', null],
        ['__proto__', null],
        ['NEW', 'z'],
      ]);
      expect(Object.entries(changeConfig(stored, change))).toEqual([
        ['GOOD', 'x'],
        ['NEW', 'z'],
      ]);
    });
    test('are neither set again, nor removed where they are not', () => {
      for (const change of [{ 'A-B': 'x' }, { 'C-D': null }])
        expect(() => changeConfig(stored, change)).toThrow(/Use letters, digits and underscores/);
    });
    test('and so may what is too much in all, step by step', () => {
      const much = { A: 'x'.repeat(maxConfigBytes), B: 'x'.repeat(maxConfigBytes) };
      expect(changeConfig(much, { B: 'x' })).toEqual({ A: much.A, B: 'x' });
      expect(() => changeConfig(much, { C: 'x' })).toThrow(/65536 bytes/);
    });
  });
  test('64 KB in all, and not one byte more', () => {
    const full = { A: 'x'.repeat(maxConfigBytes - 1) };
    expect(configBytes(changeConfig({}, full))).toBe(maxConfigBytes);
    expect(() => changeConfig(full, { A: `${full.A}x` })).toThrow(/65536 bytes/);
  });
  test('described as on Heroku', () => {
    expect(describeConfigChange({ A: '1', B: '2' })).toBe('Set A, B config vars');
    expect(describeConfigChange({ A: null })).toBe('Remove A config vars');
    expect(describeConfigChange({ A: '1', B: null })).toBe('Set A and remove B config vars');
  });
});

describe('formation', () => {
  test('quantities as numbers, text and relative', () => {
    expect([
      parseQuantity(3, 1, 'web'),
      parseQuantity('3', 1, 'web'),
      parseQuantity('+2', 1, 'web'),
      parseQuantity('-1', 1, 'web'),
    ]).toEqual([3, 3, 3, 0]);
  });
  test.each(['-2', '1.5', 'x', '', '10000', -1, 1.5])('%j is refused', (value) => {
    expect(() => parseQuantity(value, 1, 'web')).toThrow(expect.objectContaining({ code: 'invalid_params' }));
  });
  test('processes of an app fit into its network, with room for the successors of its web processes', () => {
    const entry = (type: string, quantity: number) => ({ type, quantity, size: 'standard-1x' });
    const require = (entries: FormationEntry[], ...overlapping: string[]): void =>
      requireRoom(entries, (type) => overlapping.includes(type));
    require([entry('web', 60), entry('worker', 0)], 'web', 'worker');
    require([entry('web', 10), entry('worker', 100)], 'web');
    require([entry('web', 100), entry('worker', 20)]);
    expect(() => require([entry('web', 60), entry('worker', 1), entry('clock', 0)], 'web')).toThrow(
      "web=60 worker=1 needs 121 addresses, and an app's network has 120: processes of web count twice, since deploys start the new ones beside the old (rollout.web=overlap).",
    );
    expect(() => require([entry('web', 10), entry('worker', 51)], 'web', 'worker')).toThrow(
      'web=10 worker=51 needs 122 addresses',
    );
    expect(() => require([entry('web', 100), entry('worker', 21)])).toThrow(
      "needs 121 addresses, and an app's network has 120.",
    );
  });

  test("an app's first types: web=1, others 0; later new ones 0; what the slug lacks stays until it serves", () => {
    const first = formationWith(['worker', 'web'], []);
    expect(first.map(({ type, quantity }) => [type, quantity])).toEqual([
      ['worker', 0],
      ['web', 1],
    ]);
    expect(formationWith(['web', 'clock'], first).map(({ type, quantity }) => [type, quantity])).toEqual([
      ['worker', 0],
      ['web', 1],
      ['clock', 0],
    ]);
  });
});

describe('rollback', () => {
  const release = (over: Partial<Release>): Release => ({
    id: 'i',
    appId: 'a',
    version: 3,
    slugId: 's',
    description: '',
    cause: 'push',
    userId: 'u',
    commit: 'c',
    createdAt: '',
    status: 'succeeded',
    reason: null,
    statusAt: '',
    ...over,
  });
  test('to a release that served is fine', () =>
    expect(() => checkRollback(release({}), release({ version: 5 }), 'stored')).not.toThrow());
  test.each([
    [release({ status: 'failed', reason: 'crashed' }), 'stored' as const, /v3 failed \(crashed\)/],
    [release({ status: 'expired' }), 'stored' as const, /never served/],
    [release({ version: 5 }), 'stored' as const, /current release already/],
    [release({ slugId: null }), 'stored' as const, /before the first push/],
    [
      release({}),
      'collected' as const,
      /The slug of v3 was removed by garbage collection\. Check out its commit/,
    ],
    [release({}), 'lost' as const, /The slug of v3 is no longer on the disk\. Check out its commit/],
  ])('is refused with the reason', (target, slug, message) => {
    expect(() => checkRollback(target, release({ version: 5 }), slug)).toThrow(message);
  });
});

describe('log lines', () => {
  test('printed with microseconds and offset', () => {
    expect(
      formatLogLine({
        time: Date.UTC(2026, 10, 23, 4) * 1000 + 123_456,
        source: 'app',
        process: 'web.1',
        text: 'hi',
      }),
    ).toBe('2026-11-23T04:00:00.123456+00:00 app[web.1]: hi');
  });
});
