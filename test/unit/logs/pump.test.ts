// Turns: at once while there are whole chunks to read, and else no oftener than lines can be taken together.
import { setImmediate as breathe } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Container, Follower, Turn } from '../../../platform/logs/follow.ts';
import { createPump } from '../../../platform/logs/pump.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Its turns end as they are told, the last one again and again. */
function scripted(...script: Turn[]) {
  let turns = 0;
  const follower: Follower = {
    container: {} as Container,
    turn: () => script[Math.min(turns++, script.length - 1)]!,
    expectEnd: () => script.push('ended'),
    close() {},
  };
  return { follower, turns: () => turns };
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed <= ms; passed++) {
    for (let breath = 0; breath < 5; breath++) await breathe();
    if (passed < ms) vi.advanceTimersByTime(1);
  }
}

const unexpected = (): never => expect.fail('no turn fails');

it('gives one that reads whole chunks its turns one right after another, and one that keeps up none before more has come', async () => {
  const pump = createPump(unexpected);
  const behind = scripted('more', 'more', 'more', 'some');
  pump.add(behind.follower);
  await pass(5);
  expect(behind.turns()).toBe(4);
  await pass(3000);
  const before = behind.turns();
  await pass(150);
  const more = behind.turns() - before;
  expect(more).toBeGreaterThan(5);
  expect(more).toBeLessThan(15);
  vi.useRealTimers();
  await pump.close();
});

it('looks as often while the clock is set back', async () => {
  const pump = createPump(unexpected);
  const busy = scripted('some');
  pump.add(busy.follower);
  await pass(100);
  vi.setSystemTime(Date.now() - 3_600_000);
  const before = busy.turns();
  await pass(150);
  expect(busy.turns() - before).toBeGreaterThan(5);
  vi.useRealTimers();
  await pump.close();
});

it('looks rarely at one that has been quiet for long, and at once when it is to be finished', async () => {
  const pump = createPump(unexpected);
  const quiet = scripted('quiet');
  pump.add(quiet.follower);
  await pass(3000);
  const before = quiet.turns();
  await pass(1000);
  expect(quiet.turns() - before).toBeLessThan(8);
  const finished = pump.finish(quiet.follower);
  await pass(0);
  await finished;
  vi.useRealTimers();
  await pump.close();
});
