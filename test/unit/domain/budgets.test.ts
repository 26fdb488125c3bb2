// Which of many goes for a budget: the first that may, until the rest is within it; what others share stays.
import { expect, it } from 'vitest';
import { budgetSettings, readBudgets, surplus } from '../../../platform/domain/budgets.ts';
import { settings } from '../../../platform/domain/settings.ts';
import type { Digest } from '../../../platform/domain/slug.ts';

const part = (digest: string, size: number) => ({ digest: digest as Digest, size });
const one = (name: string, mayGo: boolean, ...parts: ReturnType<typeof part>[]) => ({ name, mayGo, parts });
const names = (found: { gone: { name: string }[] }) => found.gone.map(({ name }) => name);

it('takes the first that may go, and no more than is needed', () => {
  const all = [
    one('serving', false, part('a', 50)),
    one('old', true, part('b', 20)),
    one('newer', true, part('c', 30)),
    one('newest', true, part('d', 30)),
  ];
  expect(surplus(all, 130, 130)).toEqual({ gone: [], bytes: 0 });
  expect(surplus(all, 130, null)).toEqual({ gone: [], bytes: 0 });
  const found = surplus(all, 130, 100);
  expect(names(found)).toEqual(['old', 'newer']);
  expect(found.bytes).toBe(50);
  expect(names(surplus(all, 130, 0))).toEqual(['old', 'newer', 'newest']);
});

it('counts a part that several have when the last of them goes', () => {
  const shared = part('shared', 60);
  const all = [
    one('first', true, shared, part('a', 1)),
    one('twice', true, shared, shared, part('b', 1)),
    one('kept', false, part('c', 1)),
  ];
  expect(surplus(all, 63, 62)).toMatchObject({ bytes: 1 });
  expect(surplus(all, 63, 30)).toMatchObject({ bytes: 62 });
  expect(surplus([...all, one('serving', false, shared)], 63, 30)).toMatchObject({ bytes: 2 });
});

it('leaves one that has nothing but what others keep, and takes one of which nothing is known', () => {
  const all = [
    one('same', true, part('a', 50), part('shared', 10)),
    one('damaged', true),
    one('old', true, part('b', 20), part('shared', 10)),
    one('serving', false, part('a', 50), part('shared', 10)),
  ];
  expect(surplus(all, 80, 10)).toMatchObject({ gone: [{ name: 'damaged' }, { name: 'old' }], bytes: 20 });
});

it('each kind has a setting, and an empty one is no budget', () => {
  const known = settings.map(({ name }) => name);
  for (const name of Object.values(budgetSettings)) expect(known).toContain(name);
  expect(readBudgets((name) => (name === 'TWELVE_CACHES' ? 5 : null))).toMatchObject({
    'build caches': 5,
    slugs: null,
  });
});
