import { describe, expect, it } from 'vitest';
import { parseOrder } from '../../bench/arguments.ts';
import { createBurstCount, createBurstCounts } from '../../bench/burst-count.ts';
import { amount, judge, median, table } from '../../bench/verdict.ts';

describe('verdict', () => {
  it('takes the middle one, whatever the order and however far off the others are', () => {
    expect(median([9, 1, 100, 2, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow();
  });

  it('says an amount as exactly as it matters', () => {
    expect([amount(1.2345, 's'), amount(1.2345, 'ms'), amount(12.34, 'MB')]).toEqual([
      '1.234 s',
      '1.23 ms',
      '12.3 MB',
    ]);
  });

  it('compares medians of times with the bar, which holds at the bar itself', () => {
    const rounds = [1, 2, 3, 4, 30].map((ours) => ({ ours, reference: 2 }));
    const at = { value: 1.5, kind: 'at most' } as const;
    expect(judge('x', 's', at, rounds)).toEqual({
      ...{ name: 'x', unit: 's', ours: 3, reference: 2, ratio: 1.5, bar: 1.5, holds: true },
    });
    expect(judge('x', 's', { ...at, value: 1.49 }, rounds).holds).toBe(false);
  });

  it('holds what is achieved to at least the bar', () => {
    const rounds = [900, 850, 800].map((ours) => ({ ours, reference: 1000 }));
    const least = { value: 0.85, kind: 'at least' } as const;
    expect(judge('r', 'requests/s', least, rounds)).toMatchObject({ ours: 850, ratio: 0.85, holds: true });
    const missed = judge('r', 'requests/s', { ...least, value: 0.86 }, rounds);
    expect(missed.holds).toBe(false);
    expect(table([missed], new Map([['r', least]]))).toMatch(
      /r +850 requests\/s +1000 requests\/s +0\.85 +at least 0\.86 +DOES NOT HOLD/,
    );
  });

  it('counts the worst round of lines: a single lost or repeated line does not hold', () => {
    const exactly = { value: 1, kind: 'exactly' } as const;
    const rounds = (kept: number[]) => kept.map((ours) => ({ ours, reference: 500_000 }));
    expect(judge('b', 'lines', exactly, rounds([500_000, 500_000])).holds).toBe(true);
    const lossy = judge('b', 'lines', exactly, rounds([500_000, 499_999, 500_000]));
    expect(lossy).toMatchObject({ ours: 499_999, holds: false });
    expect(table([lossy], new Map([['b', exactly]]))).toContain('0.999998');
  });
});

describe('the count of a burst', () => {
  const count = (lines: string[]) => {
    const one = createBurstCount('worker.1');
    const ended = lines.map((line) => one.take(`2026-01-01T00:00:00.000000+00:00 ${line}`));
    return { kept: one.kept(), ended: ended.at(-1) };
  };
  const end = 'twelve[worker.1]: Process exited with status 0';

  it('counts lines of that process alone, to its end', () => {
    const others = ['app[web.1]: burst 1', 'app[worker.1]: web.1 says burst 7', end];
    expect(count(others)).toEqual({ kept: 0, ended: false });
    expect(count(['app[worker.1]: burst 1', ...others.slice(0, 2), 'app[worker.1]: burst 2', end])).toEqual({
      ...{ kept: 2, ended: true },
    });
  });

  it('lets lost, repeated and late lines count against it', () => {
    const lines = (...numbers: number[]) => [...numbers.map((n) => `app[worker.1]: burst ${n}`), end];
    expect(count(lines(1, 2, 4)).kept).toBe(3);
    expect(count(lines(1, 2, 2, 3)).kept).toBe(2);
    expect(count(lines(1, 3, 2)).kept).toBe(1);
  });

  it('is kept of each one-off process whose lines come mixed', () => {
    const counts = createBurstCounts();
    const ended = [
      ...['app[run.1]: burst 1', 'app[run.22]: burst 1', 'app[web.1]: burst 1', 'app[run.1]: burst 2'],
      ...['twelve[run.1]: Process exited with status 0', 'app[run.22]: burst 3'],
    ].map((line) => counts.take(`2026-01-01T00:00:00.000000+00:00 ${line}`));
    expect(ended).toEqual([false, false, false, false, true, false]);
    expect([counts.kept('run.1'), counts.kept('run.22'), counts.kept('run.3'), counts.kept()]).toEqual([
      ...[2, 2, 0, 4],
    ]);
  });
});

describe('the command line', () => {
  const known = ['one', 'two'];
  it('runs all rows, or those that are named, in their own order', () => {
    expect(parseOrder([], known)).toEqual({ kind: 'run', names: known, json: null });
    expect(parseOrder(['two', 'one', '--json', 'f'], known)).toEqual({
      ...{ kind: 'run', names: known, json: 'f' },
    });
    expect(parseOrder(['two'], known)).toMatchObject({ names: ['two'] });
  });

  it('takes the name of a group for its rows', () => {
    const groups = new Map([['both', known]]);
    expect(parseOrder(['both'], [...known, 'three'], groups)).toMatchObject({ names: known });
    expect(parseOrder(['three', 'both', 'one'], [...known, 'three'], groups)).toMatchObject({
      names: [...known, 'three'],
    });
    expect(parseOrder(['four'], known, groups)).toMatchObject({
      kind: 'wrong',
      why: expect.stringContaining('one, two, both'),
    });
  });

  it('refuses what it does not know', () => {
    expect(parseOrder(['three'], known)).toMatchObject({
      kind: 'wrong',
      why: expect.stringContaining('one, two'),
    });
    expect(parseOrder(['--fast'], known).kind).toBe('wrong');
    expect(parseOrder(['--json'], known).kind).toBe('wrong');
    expect(parseOrder(['--list'], known).kind).toBe('list');
  });
});
