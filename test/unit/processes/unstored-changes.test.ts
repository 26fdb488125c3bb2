// What cannot be stored of a change or a crash: the one has its end all the same, later, the other its next attempt.
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

const full = (): never => {
  throw new Error('database or disk is full');
};

/** An app that serves. @returns what its server tells as problems, from then on too */
async function deployed(): Promise<string[]> {
  const problems: string[] = [];
  await processes.close();
  startAgain({ onProblem: (message) => void problems.push(message) });
  await begin();
  await ended(append({ web: 'w' }));
  return problems;
}

test('a restart that failed', async () => {
  const problems = await deployed();
  engine.behave(() => ({ exitAfterMs: 10, exitCode: 4 }));
  vi.spyOn(store, 'transaction').mockImplementationOnce(full);
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

test('a crash, and that it is over', async () => {
  const problems = await deployed();
  vi.spyOn(store.processSetbacks, 'set').mockImplementation(full);
  vi.spyOn(store.processSetbacks, 'remove').mockImplementation(full);
  const [former] = engine.containers();
  engine.crash(former!.id, 1);
  await until(() => problems.length === 1, 'not stored');
  await until(() => engine.containers().some((one) => one.id !== former!.id), 'started again');
  await until(() => problems.length === 2, 'not removed');
  expect(new Set(problems)).toEqual(
    new Set(['That a process crashed, or is up again, is not kept: database or disk is full']),
  );
  await untilRunning(['web.1 v1']);
});
