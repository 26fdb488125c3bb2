// The plan of a chaos run: the same for the same seed, another for another, and with everything in it.
import { expect, it } from 'vitest';
import { changes, planRounds, victims } from '../../chaos/plan.ts';

it('is decided by the seed alone, each round for itself', () => {
  expect(planRounds(7, 100, 2)).toEqual(planRounds(7, 100, 2));
  expect(planRounds(7, 100, 2).slice(0, 20)).toEqual(planRounds(7, 20, 2));
  expect(planRounds(8, 20, 2)).not.toEqual(planRounds(7, 20, 2));
});

it.each([1, 2, 12_345, 999_999_999])('of seed %i, 100 rounds have every victim and every change', (seed) => {
  const rounds = planRounds(seed, 100, 2);
  expect(new Set(rounds.map(({ victim }) => victim))).toEqual(new Set(victims));
  const planned = rounds.flatMap((round) => round.changes.map(({ change }) => change));
  expect(new Set(planned)).toEqual(new Set(changes));
  expect(rounds.some(({ againMs }) => againMs !== null)).toBe(true);
});

it('kills at moments all over the change', () => {
  const parts = planRounds(3, 400, 1).map(({ atMs, changes: [first] }) => [first!.change, atMs] as const);
  const pushes = parts.filter(([change]) => change === 'push').map(([, atMs]) => Math.floor(atMs / 1000));
  expect(new Set(pushes)).toEqual(new Set([0, 1, 2, 3]));
});
