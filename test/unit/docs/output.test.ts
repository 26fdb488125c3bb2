// Shown against printed.
import { describe, expect, it } from 'vitest';
import { difference } from '../../support/docs/output.ts';

const differs = (shown: string, printed: string, bound = new Map<string, string>()) =>
  difference(shown.split('\n'), printed, bound);

it('word for word, but for blanks at the ends', () => {
  expect(differs('one\ntwo', 'one  \ntwo\n')).toBeNull();
  expect(differs('one\n\ntwo', '\none\n\ntwo\n\n')).toBeNull();
  expect(differs('one\ntwo', 'one\n two')).toBe('Shown:   two\nPrinted:  two');
  expect(differs('one\ntwo', 'one')).toBe('Shown:   two\nPrinted: (nothing more)');
  expect(differs('one', 'one\ntwo')).toBe('Printed, and not shown: two');
  expect(differs('a.c (x)', 'abc (x)')).not.toBeNull();
});

it('nothing shown is nothing printed', () => {
  expect(difference([], '\n', new Map())).toBeNull();
  expect(difference([], 'a warning\n', new Map())).toBe('Printed, and not shown: a warning');
  expect(differs('a result', '')).toBe('Shown:   a result\nPrinted: (nothing more)');
});

describe('what differs from run to run has to have its form', () => {
  it.each([
    ['2026-11-23T23:38:14.949000+00:00 app: x', '2031-01-02T03:04:05.000001+00:00 app: x'],
    ['web.1: up 2026/11/23 23:38:12 +0000 (~ 5s ago)', 'web.1: up 2031/01/02 03:04:05 +0000 (~ 12m ago)'],
    ['v2  Deploy 65d18fbb  admin', 'v2  Deploy 0a1b2c3d  admin'],
    [
      'id=97a54194-17fe-4bad-ae02-154e4c3325f1 connect=0ms service=9ms',
      'id=00000000-17fe-4bad-ae02-154e4c3325f1 connect=12ms service=123ms',
    ],
    ['done, run.2139', 'done, run.7'],
    ['Node 22.23.3 (engines.node "22.x"), npm 10.9.9', 'Node 22.24.0 (engines.node "22.x"), npm 11.0.0'],
    ['Done: 132.9 MB', 'Done: 98 MB'],
    ['added 68 packages in 3s', 'added 68 packages in 870ms'],
    ['ready after 3.2 s', 'ready after 120.9 s'],
  ])('%s', (shown, printed) => {
    expect(differs(shown, printed)).toBeNull();
  });

  it.each([
    ['(~ 5s ago)', '(~ ages ago)'],
    ['Deploy 65d18fbb', 'Deploy 65d18fb'],
    ['Node 22.23.3', 'Node 22'],
    ['Done: 132.9 MB', 'Done: many MB'],
    ['release v2', 'release v3'],
    ['added 68 packages in 3s', 'added 69 packages in 3s'],
    ['http://127.0.0.1:5480', 'http://127.0.0.2:5480'],
    ['status=200 bytes=26', 'status=200 bytes=27'],
    ['exit status 3', 'exit status 4'],
  ])('%s is not %s', (shown, printed) => {
    expect(differs(shown, printed)).not.toBeNull();
  });
});

it('an id is the same one wherever it is shown, and another one is another', () => {
  const bound = new Map<string, string>();
  expect(differs('done, run.1', 'done, run.4821', bound)).toBeNull();
  expect(differs('run.1: up', 'run.4821: up', bound)).toBeNull();
  expect(differs('run.1: up', 'run.4822: up', bound)).toContain('(run.1 was run.4821 before)');
  expect(differs('run.2: up', 'run.4821: up', bound)).not.toBeNull();
  expect(differs('Deploy 65d18fbb, 65d18fbb', 'Deploy 00000000, 11111111')).not.toBeNull();
  // What did not agree has bound nothing.
  expect(differs('run.3\nend', 'run.5000\nother', bound)).not.toBeNull();
  expect(differs('run.3', 'run.5001', bound)).toBeNull();
});

describe('…', () => {
  it.each([
    ['…\nready', 'one\ntwo\nready'],
    ['begin\n…\nready', 'begin\none\ntwo\nready'],
    ['begin\n…', 'begin\none'],
    ['…', 'one\ntwo'],
    ['a\n…\nc\n…\ne', 'a\nb\nc\nd\ne'],
    ['a\n…\nb\n…\nb', 'a\nx\nb\nb\nb'],
    ['Creating … done', 'Creating twelve_platform_1 ... done'],
  ])('%j leaves out lines, or a part of one: %j', (shown, printed) => {
    expect(differs(shown, printed)).toBeNull();
  });

  it.each([
    ['…', ''],
    ['begin\n…', 'begin'],
    ['begin\n…\nready', 'begin\nready'],
    ['…\nready', 'ready'],
    ['…\nready', 'one\nready\ntoo much'],
    ['a\n…\nc\n…\ne', 'a\nb\nd\ne'],
    ['a\n…\nb\n…\nc', 'a\nx\nb\nc'],
    ['a\n…\nb\nc', 'a\nx\nb\ny\nc'],
    ['Creating … done', 'Creating done'],
  ])('%j is not %j', (shown, printed) => {
    expect(differs(shown, printed)).not.toBeNull();
  });
});
