// Scales that wait for a release: its end is noticed, also where no process changes with it.
import { expect, test } from 'vitest';
import {
  append,
  begin,
  ended,
  engine,
  outcome,
  quantityOf,
  rescale,
  store,
  until,
  untilRunning,
} from './ground.ts';

/** Release commands fail, once they are told to. */
function failingLater(): () => void {
  engine.behave((spec) => (spec.labels['twelve.kind'] === 'release' ? {} : undefined));
  return () => {
    const [command] = engine.containers().filter((one) => one.spec.labels['twelve.kind'] === 'release');
    engine.crash(command!.id, 1);
  };
}
const commandRuns = (): boolean =>
  engine
    .containers()
    .some((one) => one.spec.labels['twelve.kind'] === 'release' && one.details.state === 'running');

test('a scale during the release command of a first deploy ends with that', async () => {
  await begin();
  const fail = failingLater();
  const release = append({ web: 'w', release: 'r' });
  await until(commandRuns, 'the release command');
  const change = rescale('web', { quantity: 2 });
  fail();
  expect((await ended(release)).status).toBe('failed');
  expect(await outcome(change)).toMatchObject({
    status: 'failed',
    reason: 'No web runs: no release serves yet.\nThe formation is set all the same.',
  });
});

test('a scale of a type that only the release to come has', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  const fail = failingLater();
  const release = append({ web: 'w', worker: 'k', release: 'r' });
  await until(commandRuns, 'the release command');
  const change = rescale('worker', { quantity: 1 });
  fail();
  expect((await ended(release)).status).toBe('failed');
  expect(await outcome(change)).toMatchObject({
    status: 'failed',
    reason: 'No worker runs: v1, which serves, has no worker.\nThe formation is set all the same.',
  });
  expect(store.processChanges.pending()).toEqual([]);
  expect(quantityOf('worker')).toBe('1:standard-1x');
  await untilRunning(['web.1 v1']);
});
