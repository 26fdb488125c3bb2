// A process killed at every step of a scale, a resize and a restart: what is told of it is what runs.
import { expect, test } from 'vitest';
import type { ProcessChange } from '../../../platform/domain/process-change.ts';
import { processSteps, type Step } from '../../../platform/domain/steps.ts';
import {
  append,
  begin,
  ended,
  engine,
  outcome,
  quantityOf,
  rescale,
  restart,
  routed,
  running,
  startAgain,
  store,
  until,
} from './ground.ts';

const ask: Record<string, { steps: readonly Step[]; wanted: string; begin: () => ProcessChange }> = {
  'scale up': {
    steps: ['create', 'start', 'up'],
    wanted: '3:standard-1x',
    begin: () => rescale('web', { quantity: 3 }),
  },
  'scale down': {
    steps: ['stop', 'remove'],
    wanted: '1:standard-1x',
    begin: () => rescale('web', { quantity: 1 }),
  },
  resize: {
    steps: processSteps,
    wanted: '2:standard-2x',
    begin: () => rescale('web', { size: 'standard-2x' }),
  },
  restart: { steps: processSteps, wanted: '2:standard-1x', begin: () => restart() },
};
const rows = Object.entries(ask).flatMap(([what, { steps }]) =>
  steps.flatMap((step) => (['oldest', 'newest'] as const).map((victim) => ({ what, step, victim }))),
);

/** The oldest or the newest that runs, as `kill -9` ends it. */
function kill(victim: 'oldest' | 'newest'): void {
  const alive = engine.containers().filter((one) => one.details.state === 'running');
  const one = alive.at(victim === 'oldest' ? 0 : -1);
  if (one) engine.crash(one.id, 137);
}

test.each(rows)('$what, $victim ended at step $step', async ({ what, step, victim }) => {
  let armed = false;
  const atStep = (reached: Step): void => {
    if (!armed || reached !== step) return;
    armed = false;
    kill(victim);
  };
  startAgain({ reached: atStep });
  await begin();
  await ended(append({ web: 'w' }));
  await outcome(rescale('web', { quantity: 2 }));
  const before = engine.containers().map((one) => one.id);
  armed = true;
  const change = ask[what]!.begin();
  await until(() => !armed, `step ${step}`);
  const { status, reason } = await outcome(change);
  const is = quantityOf('web');
  if (status === 'succeeded' || reason?.includes('The formation is set')) expect(is).toBe(ask[what]!.wanted);
  else {
    expect(reason).toMatch(
      /web\.\d exited with status 137.*\n(Not applied|Not restarted|The restart went no)/s,
    );
    expect(is).toBe('2:standard-1x');
  }
  const [count, size] = [Number(is[0]), is.slice(2)];
  await until(
    () =>
      running().length === count &&
      engine.containers().length === count &&
      engine.containers().every((one) => one.spec.labels['twelve.size'] === size) &&
      routed.processes.length === count,
    `${count} of ${size}`,
  );
  if (what === 'restart' && status === 'succeeded')
    for (const { id } of engine.containers()) expect(before).not.toContain(id);
  expect(store.processChanges.pending()).toEqual([]);
});
