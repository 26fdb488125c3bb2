import { expect, it } from 'vitest';
import { areOld, daysBetween, isEpoch } from '../../../platform/domain/images-epoch.ts';

it.each(['2026-11-28', '2026-11-28T20:31Z'])('%s is an epoch', (text) => {
  expect(isEpoch(text)).toBe(true);
});

it.each([
  '',
  'today',
  '2026-13-01',
  '28.11.2026',
  '2026-11-28T20:31',
  '2026-11-28T25:31Z',
  ' 2026-11-28',
  '2026-11-28\n',
])('%j is none', (text) => {
  expect(isEpoch(text)).toBe(false);
});

it('packages are old after sixty days', () => {
  const asOf = '2026-09-01T12:00:00.000Z';
  expect(daysBetween(asOf, '2026-10-31T11:59:59.000Z')).toBe(59);
  expect(areOld(asOf, '2026-11-01T11:59:59.000Z')).toBe(false);
  expect(areOld(asOf, '2026-11-01T12:00:00.000Z')).toBe(true);
});
