// Turns of builds: as many at once as may run, the others in order, each told how many are ahead, any of them may leave.
import { expect, test } from 'vitest';
import { createTurns, waitForTurn } from '../../../platform/actions/turns.ts';

const never = new AbortController().signal;

test('the third of two waits, and runs when one has ended', async () => {
  const turns = createTurns(2);
  const said: string[] = [];
  const [first] = [await waitForTurn(turns, never, (line) => said.push(line))];
  await turns.take(never, () => said.push('second waited'));
  let runs = false;
  const third = waitForTurn(turns, never, (line) => said.push(line)).then((end) => {
    runs = true;
    return end;
  });
  await Promise.resolve();
  expect(said).toEqual(['-----> Waiting for another build: 1 ahead']);
  expect(runs).toBe(false);
  first();
  // A second call of the same end gives nobody a turn.
  first();
  await third;
  let fourthRuns = false;
  const fourth = turns
    .take(never, () => undefined)
    .then(() => {
      fourthRuns = true;
    });
  await new Promise((resolve) => setImmediate(resolve));
  expect(fourthRuns).toBe(false);
  (await third)();
  await fourth;
});

test('who waits is told whenever fewer are ahead, and may leave; those behind move up', async () => {
  const turns = createTurns(1);
  const endFirst = await turns.take(never, () => undefined);
  const told: Record<string, number[]> = { a: [], b: [], c: [] };
  const leave = new AbortController();
  const a = turns.take(leave.signal, (ahead) => told['a']!.push(ahead));
  const b = turns.take(never, (ahead) => told['b']!.push(ahead));
  const c = turns.take(never, (ahead) => told['c']!.push(ahead));
  leave.abort(new Error('gone'));
  await expect(a).rejects.toThrow('gone');
  expect(told).toEqual({ a: [1], b: [2, 1], c: [3, 2] });
  endFirst();
  const endB = await b;
  expect(told['c']).toEqual([3, 2, 1]);
  endB();
  (await c)();
  // Nobody is left: the next one need not wait.
  await turns.take(never, () => expect.unreachable());
});

test('one that was cancelled before it came gets no turn', async () => {
  const turns = createTurns(1);
  await expect(turns.take(AbortSignal.abort(new Error('gone')), () => undefined)).rejects.toThrow('gone');
  await turns.take(never, () => expect.unreachable());
});
