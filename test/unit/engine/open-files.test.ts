// How many open files a process can be allowed: as many as the machine has, or only as many as we have ourselves.
import { expect, test } from 'vitest';
import { defaultSizes } from '../../../platform/domain/formation.ts';
import { mostOpenFiles, sizesHere } from '../../../platform/engine/open-files.ts';

const limits = (hard: string): string =>
  `Max open files            1024                 ${hard}                files     \n`;
const all = 'CapInh:\t0000000000000000\nCapBnd:\t000001ffffffffff\n';
const withoutResource = 'CapInh:\t0000000000000000\nCapBnd:\t000001fffeffffff\n';

test('who may go beyond its own limit goes as far as the machine', () => {
  expect(mostOpenFiles({ status: all, limits: limits('20000'), nrOpen: '1048576\n' })).toBe(1_048_576);
});

test('who may not goes as far as itself', () => {
  const says = { status: withoutResource, nrOpen: '1048576\n' };
  expect(mostOpenFiles({ ...says, limits: limits('20000') })).toBe(20_000);
  expect(mostOpenFiles({ ...says, limits: limits('unlimited') })).toBe(1_048_576);
});

test('where the kernel says nothing there is no limit that we know of', () => {
  expect(mostOpenFiles({ status: '', limits: '', nrOpen: '' })).toBe(Number.POSITIVE_INFINITY);
});

test('no size has more than that, and else each is as it was', () => {
  expect(sizesHere(defaultSizes, Number.POSITIVE_INFINITY)).toEqual(defaultSizes);
  expect(sizesHere(defaultSizes, 20_000).map(({ name, openFiles }) => [name, openFiles])).toEqual([
    ['standard-1x', 10_000],
    ['standard-2x', 10_000],
    ['performance-m', 20_000],
    ['performance-l', 20_000],
  ]);
});
