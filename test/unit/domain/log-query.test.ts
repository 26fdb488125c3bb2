// What users write to say which lines of a log they mean: understood, or refused with a sentence that teaches.
import { expect, it } from 'vitest';
import { type LogQueryWords, readLogQuery } from '../../../platform/domain/log-query.ts';

const now = Date.UTC(2026, 10, 23, 12) * 1000;
const ago = (seconds: number): number => now - seconds * 1_000_000;
const at = (...time: [number, number, number, number?, number?, number?]): number => Date.UTC(...time) * 1000;

it.each<[string, number]>([
  ['30s', ago(30)],
  ['10m', ago(600)],
  ['1h30m', ago(5400)],
  ['2d', ago(172_800)],
  ['1w', ago(604_800)],
  ['0s', now],
  ['11:59', at(2026, 10, 23, 11, 59)],
  ['12:00', now],
  ['4:00:05', at(2026, 10, 23, 4, 0, 5)],
  ['12:00:00.5', at(2026, 10, 22, 12) + 500_000],
  ['23:59', at(2026, 10, 22, 23, 59)],
  ['2026-11-22', at(2026, 10, 22)],
  ['2026-11-22 04:30', at(2026, 10, 22, 4, 30)],
  ['2026-11-22T04:30:01Z', at(2026, 10, 22, 4, 30, 1)],
  ['2026-11-22T04:30:01.123456+00:00', at(2026, 10, 22, 4, 30, 1) + 123_456],
  ['2026-11-22T04:30:01.123456789+05:30', at(2026, 10, 21, 23, 0, 1) + 123_456],
  ['2026-11-22T04:30-0100', at(2026, 10, 22, 5, 30)],
  ['2024-02-29', at(2024, 1, 29)],
])('understands the time %s', (text, moment) => {
  expect(readLogQuery({ since: text }, now)).toEqual({ since: moment });
  expect(readLogQuery({ until: text }, now)).toEqual({ until: moment });
});

it.each([
  '',
  'soon',
  '10',
  '10 m',
  'm10',
  '-10m',
  '1.5h',
  '24:00',
  '12:60',
  '2026-02-30',
  '2026-13-01',
  '2026-11-22T25:00',
  '2026-11-22T04:30+99:00',
  '2026-11',
])('refuses the time "%s"', (text) => {
  expect(() => readLogQuery({ since: text }, now)).toThrow(
    `"${text}" is not a time: give how long ago (30s, 10m, 1h30m, 2d)`,
  );
});

it('understands the rest', () => {
  const words = { source: 'app', process: 'web.1', release: 'v12', grep: 'A=1 [x]' };
  expect(readLogQuery(words, now)).toEqual({ source: 'app', process: 'web.1', release: 12, text: 'A=1 [x]' });
  expect(readLogQuery({ source: 'heroku', release: '3' }, now)).toEqual({ source: 'twelve', release: 3 });
  expect(readLogQuery({}, now)).toEqual({});
});

it.each<[LogQueryWords, string]>([
  [{ source: 'web' }, 'There is no log source "web". Sources: app, twelve.'],
  [{ process: 'web 1' }, '"web 1" is not the name of a process: give one such as web.1'],
  [{ process: '' }, '"" is not the name of a process'],
  [{ process: 'web.' }, '"web." is not the name of a process'],
  [{ release: 'latest' }, '"latest" is not a release: give one such as v12.'],
  [{ release: 'v0' }, '"v0" is not a release'],
  [{ grep: '' }, 'There is no text to look for.'],
  [{ grep: 'a\nb' }, 'must be on one line'],
  [{ grep: 'x'.repeat(1001) }, 'at most 1000 characters'],
  [{ since: '1m', until: '2m' }, '"1m" is later than "2m": no line is between.'],
  [{ process: 'x'.repeat(500) }, `"${'x'.repeat(40)}…" is not the name`],
])('refuses %j', (words, sentence) => {
  expect(() => readLogQuery(words, now)).toThrow(sentence);
});
