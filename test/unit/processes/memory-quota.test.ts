// When R14 and R15 are said, and when they are not.
import { expect, test } from 'vitest';
import { createMemoryQuota } from '../../../platform/processes/memory-quota.ts';

const mb = 1_048_576;
const limit = 512 * mb;
const start = 1_000_000;

/** Readings of every 10 seconds; what each made us say. */
function judge(megabytes: readonly number[]): number[] {
  const quota = createMemoryQuota();
  return megabytes.map((one, index) => quota.judge('c', one * mb, limit, start + index * 10_000).length);
}

test('above 95 % for 20 seconds it is said, with how much', () => {
  const quota = createMemoryQuota();
  expect(quota.judge('c', 500 * mb, limit, start)).toEqual([]);
  expect(quota.judge('c', 500 * mb, limit, start + 10_000)).toEqual([]);
  expect(quota.judge('c', 500 * mb, limit, start + 20_000)).toEqual([
    'Process running mem=500M(97.7%)',
    'Error R14 (Memory quota exceeded)',
  ]);
});

test('a peak is none; 95 % itself is not above; going below begins anew', () => {
  expect(judge([500, 500, 480, 500, 500])).toEqual([0, 0, 0, 0, 0]);
  expect(judge([486, 486, 486])).toEqual([0, 0, 0]);
  expect(judge([487, 487, 487])).toEqual([0, 0, 2]);
});

test('while it lasts it is said each minute', () => {
  expect(judge(Array(15).fill(500))).toEqual([0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2]);
});

test('without a limit nothing is too much, and one container is not another', () => {
  const quota = createMemoryQuota();
  for (const at of [0, 10_000, 20_000]) {
    expect(quota.judge('unlimited', 500 * mb, 0, start + at)).toEqual([]);
    expect(quota.judge(`c${at}`, 500 * mb, limit, start + at)).toEqual([]);
  }
});

test('its code is R14 from when that is said until it is over, then R15 if something was killed', () => {
  const quota = createMemoryQuota();
  const after = (megabytes: number, at: number): string | null => {
    quota.judge('c', megabytes * mb, limit, start + at);
    return quota.codeOf('c');
  };
  expect([after(500, 0), after(500, 10_000), after(500, 20_000), after(500, 30_000)]).toEqual([
    null,
    null,
    'R14',
    'R14',
  ]);
  quota.killed('c', 512, start + 31_000);
  expect(quota.codeOf('c')).toBe('R14');
  expect(after(100, 40_000)).toBe('R15');
  expect(quota.codeOf('other')).toBeNull();
  quota.forget('c');
  expect(quota.codeOf('c')).toBeNull();
});

test('a kill is told at once with the limit, a series of them once in a while', () => {
  const quota = createMemoryQuota();
  expect(quota.wasKilled('c')).toBe(false);
  expect(quota.killed('c', 64, start)).toEqual([
    'Error R15 (Memory quota vastly exceeded) -> The kernel killed a program of it at its limit of 64 MB',
  ]);
  expect(quota.wasKilled('c')).toBe(true);
  expect(quota.killed('c', 64, start + 9_000)).toEqual([]);
  expect(quota.killed('other', undefined, start + 9_000)).toHaveLength(1);
  expect(quota.killed('c', 64, start + 11_000)).toHaveLength(1);
  quota.forget('c');
  expect(quota.wasKilled('c')).toBe(false);
});
