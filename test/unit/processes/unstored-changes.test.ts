// A change of processes whose end cannot be stored at first: it has that end all the same, later.
import { expect, test, vi } from 'vitest';
import {
  append,
  begin,
  ended,
  engine,
  outcome,
  processes,
  restart,
  startAgain,
  store,
  until,
  untilRunning,
} from './ground.ts';

test('a restart that failed', async () => {
  const problems: string[] = [];
  await processes.close();
  startAgain({ onProblem: (message) => void problems.push(message) });
  await begin();
  await ended(append({ web: 'w' }));
  engine.behave(() => ({ exitAfterMs: 10, exitCode: 4 }));
  vi.spyOn(store, 'transaction').mockImplementationOnce(() => {
    throw new Error('database or disk is full');
  });
  const before = engine.containers().map((one) => one.id);
  const change = restart();
  await until(() => problems.length > 0, 'not stored');
  expect(problems).toEqual([expect.stringContaining('database or disk is full; trying again in 5 s')]);
  await processes.changes.settled(change.id, AbortSignal.timeout(9000));
  expect(await outcome(change)).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('Not restarted: web.1 goes on as it was.'),
  });
  await untilRunning(['web.1 v1']);
  expect(engine.containers().map((one) => one.id)).toEqual(before);
}, 15_000);
