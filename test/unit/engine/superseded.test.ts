// Which images of ours go, and which stay whatever their label says.
import { beforeEach, expect, it } from 'vitest';
import { removeSuperseded } from '../../../platform/engine/superseded.ts';
import { createMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';

const old = 'twelve/stack:000000000001';
const current = 'twelve/stack:000000000002';
const named = 'twelve/stack:000000000003';
const stack = { 'twelve.image': 'stack' };
let engine: MemoryEngine;
let problems: string[];

beforeEach(() => {
  engine = createMemoryEngine();
  problems = [];
  for (const reference of [old, current, named]) engine.addImage(reference, stack);
});

const later = (): Date => new Date(Date.now() + 60_000);
const remove = async (before = later(), dry = false) => {
  const gone = await removeSuperseded({
    engine,
    names: ['build', 'stack'],
    keep: new Set([current, named]),
    before,
    dry,
    onProblem: (message) => problems.push(message),
  });
  return gone.length;
};
const left = async () => (await engine.images({})).flatMap((image) => image.tags).sort();

it('what no definition and no release names goes; what is current or named stays', async () => {
  expect(await remove()).toBe(1);
  expect(await left()).toEqual([current, named]);
  expect(await remove()).toBe(0);
  expect(problems).toEqual([]);
});

it('a dry run says the same, and removes nothing', async () => {
  expect(await remove(later(), true)).toBe(1);
  expect(await left()).toContain(old);
});

it('what is younger stays: a setup made it for a server that has not started yet', async () => {
  expect(await remove(new Date(Date.now() - 60_000))).toBe(0);
  expect(await left()).toContain(old);
});

it('what a container uses stays until the container is gone', async () => {
  const id = await engine.create({ name: 'user', image: old, labels: {}, env: {} });
  expect(await remove()).toBe(0);
  expect(await left()).toContain(old);
  await engine.remove(id);
  expect(await remove()).toBe(1);
  expect(problems).toEqual([]);
});

it('of one that a container uses no name goes, and a dry run does not count it', async () => {
  const other = 'twelve/stack:00000000000f';
  await engine.tagImage(old, other);
  const id = await engine.create({ name: 'user', image: other, labels: {}, env: {} });
  expect(await remove(later(), true)).toBe(0);
  expect(await remove()).toBe(0);
  expect(await left()).toEqual([old, current, named, other].sort());
  await engine.remove(id);
  expect(await remove(later(), true)).toBe(1);
  expect(await remove()).toBe(1);
  expect(await left()).toEqual([current, named]);
});

it("users' own images stay: built on ours they inherit the label, and no name that we give", async () => {
  engine.addImage('mine/app:1', stack);
  engine.addImage('twelve/stack:mine', stack);
  await engine.tagImage(old, 'kept/for-later:1');
  expect(await remove()).toBe(0);
  expect(await left()).toEqual(
    [current, named, old, 'kept/for-later:1', 'mine/app:1', 'twelve/stack:mine'].sort(),
  );
});

it('images without our label stay, whatever they are called', async () => {
  engine.addImage('twelve/stack:00000000000a');
  engine.addImage('twelve/router:00000000000b', { 'twelve.image': 'router' });
  await remove();
  expect(await left()).toEqual(
    [current, named, 'twelve/router:00000000000b', 'twelve/stack:00000000000a'].sort(),
  );
});

it('an image with an old and a new name loses the old one', async () => {
  await engine.tagImage(current, 'twelve/stack:0000000000ff');
  expect(await remove()).toBe(1);
  expect(await left()).toEqual([current, named]);
});

it('a failure is told, and the others go all the same', async () => {
  const other = 'twelve/build:000000000001';
  engine.addImage(other, { 'twelve.image': 'build' });
  const removeImage = engine.removeImage;
  engine.removeImage = (reference) =>
    reference === other ? Promise.reject(new Error('disk trouble')) : removeImage(reference);
  expect(await remove()).toBe(1);
  expect(problems).toEqual([`image ${other} could not be removed: disk trouble`]);
});
