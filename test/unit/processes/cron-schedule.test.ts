// When cron entries are due: zones, changes of the clock, and what was missed.
import { describe, expect, it } from 'vitest';
import type { CronEntry } from '../../../platform/domain/cron.ts';
import { dueNow, nextDue } from '../../../platform/processes/cron-schedule.ts';

const entry = (schedule: string, timezone = 'UTC'): CronEntry => ({
  ...{ id: 'a', command: 'true', policy: 'allow', maintenance: false },
  schedule,
  timezone,
});
const at = (text: string): number => Date.parse(text);
const times = (one: CronEntry, from: string, count: number): string[] => {
  const found: string[] = [];
  for (let time = at(from); found.length < count; ) {
    time = nextDue(one, time)!;
    found.push(new Date(time).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
};

describe('a schedule', () => {
  it.each([
    ['0 3 * * *', 'UTC', ['2026-01-01T03:00Z', '2026-01-02T03:00Z']],
    ['0 3 * * *', 'Asia/Kolkata', ['2026-01-01T21:30Z', '2026-01-02T21:30Z']],
    ['@weekly', 'UTC', ['2026-01-04T00:00Z', '2026-01-11T00:00Z']],
    ['30 8 * * mon-fri', 'UTC', ['2026-01-01T08:30Z', '2026-01-02T08:30Z', '2026-01-05T08:30Z']],
    // Day of the month or of the week, as cron has it.
    ['0 0 13 * 5', 'UTC', ['2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-13T00:00Z']],
    ['0 0 29 2 *', 'UTC', ['2028-02-29T00:00Z']],
  ])('%s in %s', (schedule, zone, expected) => {
    expect(times(entry(schedule, zone), '2026-01-01T00:00:00Z', expected.length)).toEqual(expected);
  });

  it('at a time that the clock leaps over comes right after it', () => {
    expect(times(entry('30 2 * * *', 'Europe/Berlin'), '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
  });

  it('at a time that the clock shows twice comes once', () => {
    expect(times(entry('30 2 * * *', 'Europe/Berlin'), '2026-10-24T00:00:00Z', 3)).toEqual([
      '2026-10-24T00:30Z',
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
  });

  it.each([
    ['2026-03-29T00:15:00Z', ['2026-03-29T00:30Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z']],
    [
      '2026-10-25T00:15:00Z',
      ['2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z', '2026-10-25T02:00Z'],
    ],
  ])('of every half hour goes on through a change of the clock, from %s', (from, expected) => {
    expect(times(entry('*/30 * * * *', 'Europe/Berlin'), from, expected.length)).toEqual(expected);
  });

  it('may never come', () => {
    expect(nextDue(entry('0 0 30 2 *'), 0)).toBeNull();
  });
});

describe('what is to be done now', () => {
  const hourly = entry('0 * * * *');
  const now = (text: string, watched = '2026-01-01T00:00:00Z') => dueNow(hourly, at(watched), at(text));

  it('is nothing before it is due, and a run from then on', () => {
    expect(now('2026-01-01T00:59:59.999Z')).toBeNull();
    const run = at('2026-01-01T01:00:00Z');
    for (const time of ['2026-01-01T01:00:00.000Z', '2026-01-01T01:00:30.000Z'])
      expect(now(time)).toEqual({ run, missed: null, watchedUntil: run });
    expect(dueNow(hourly, run, run)).toBeNull();
  });

  it('is no run when it would be late: it was missed', () => {
    const time = '2026-01-01T01:00:30.001Z';
    const due = '2026-01-01T01:00:00.000Z';
    expect(now(time)).toEqual({
      run: null,
      missed: { count: 1, more: false, from: due, to: due },
      watchedUntil: at(time),
    });
  });

  it('is one run and the number of those that were missed before', () => {
    expect(now('2026-01-01T05:00:01Z')).toEqual({
      run: at('2026-01-01T05:00:00Z'),
      missed: { count: 4, more: false, from: '2026-01-01T01:00:00.000Z', to: '2026-01-01T04:00:00.000Z' },
      watchedUntil: at('2026-01-01T05:00:00Z'),
    });
  });

  it('does not count forever', () => {
    expect(dueNow(entry('* * * * *'), at('2020-01-01T00:00:00Z'), at('2026-01-01T00:00:45Z'))).toEqual({
      run: null,
      missed: { count: 1000, more: true, from: '2020-01-01T00:01:00.000Z', to: '2026-01-01T00:00:00.000Z' },
      watchedUntil: at('2026-01-01T00:00:45Z'),
    });
  });

  it('is nothing again where the clock was set back a little, and a new beginning where it was wrong', () => {
    expect(now('2026-01-01T00:30:00Z', '2026-01-01T02:00:00Z')).toBeNull();
    expect(now('2026-01-01T02:00:00Z', '2026-01-01T02:00:00Z')).toBeNull();
    const time = '2026-01-01T01:00:00Z';
    expect(now(time, '2031-01-01T00:00:00Z')).toEqual({ run: null, missed: null, watchedUntil: at(time) });
  });
});
