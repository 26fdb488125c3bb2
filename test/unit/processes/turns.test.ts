// Scales and restarts of several process types: one after another, as a release's types change over.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  app,
  append,
  begin,
  containerOf,
  ended,
  engine,
  failing,
  idOf,
  named,
  outcome,
  processes,
  processOf,
  quantityOf,
  rescale,
  rescaleAll,
  restart,
  running,
  startAgain,
  store,
  until,
  untilCrashed,
  untilRunning,
} from './ground.ts';

/** While it is true no web process listens. */
let slow = false;
async function onceTold(_address: string, _ms: number, signal: AbortSignal): Promise<boolean> {
  while (slow && !signal.aborted) await sleep(10);
  return !signal.aborted;
}

/** Deployed, with one of each type. */
async function deployed(settings: Record<string, string> = {}): Promise<void> {
  await begin();
  await ended(append({ clock: 'c', web: 'w', worker: 'k' }, {}, {}, 'push', settings));
  await outcome(rescaleAll({ worker: { quantity: 1 }, clock: { quantity: 1 } }));
  await untilRunning(['clock.1 v1', 'web.1 v1', 'worker.1 v1']);
}
/** Each that is started from now on, and which were up as the change wants them by then. */
function starts(isNew: (id: string) => boolean): string[] {
  const seen: string[] = [];
  engine.behave((spec) => {
    const up = processes
      .status(app.id)
      .filter(({ id, state }) => state === 'up' && isNew(id))
      .map((one) => one.name);
    seen.push(`${processOf(spec).split(' ')[0]} after ${up.sort().join(' and ')}`);
    return undefined;
  });
  return seen;
}
/** Those of now are the old ones. */
function startsAnew(): string[] {
  const old = new Set(processes.status(app.id).map((one) => one.id));
  return starts((id) => !old.has(id));
}

test.each([
  [{}, ['web.1 after ', 'clock.1 after web.1', 'worker.1 after web.1']],
  [{ order: 'worker,web' }, ['worker.1 after ', 'web.1 after worker.1', 'clock.1 after web.1 and worker.1']],
])('a restart of all with %j', async (settings, expected) => {
  await deployed(settings);
  const seen = startsAnew();
  expect((await outcome(restart())).status).toBe('succeeded');
  expect(seen.slice(0, 1)).toEqual(expected.slice(0, 1));
  expect([...seen].sort()).toEqual([...expected].sort());
});

test('a scale of several types, and a resize', async () => {
  await deployed({ order: 'worker,web' });
  const scaled = startsAnew();
  const up = rescaleAll({ web: { quantity: 2 }, worker: { quantity: 2 } });
  expect((await outcome(up)).status).toBe('succeeded');
  expect(scaled).toEqual(['worker.2 after ', 'web.2 after worker.2']);
  const resized = startsAnew();
  const size = 'standard-2x';
  expect((await outcome(rescaleAll({ web: { size }, worker: { size } }))).status).toBe('succeeded');
  expect(resized.filter((one) => one.startsWith('web.'))).toEqual([
    'web.1 after worker.1 and worker.2',
    'web.2 after worker.1 and worker.2',
  ]);
});

test('one that fails in its turn: of those that come after it nothing was touched', async () => {
  await deployed();
  const before = ['worker.1', 'clock.1'].map(idOf);
  failing(named('web.1'));
  expect((await outcome(restart())).reason).toContain('Not restarted: web.1 goes on as it was.');
  expect(['worker.1', 'clock.1'].map(idOf)).toEqual(before);
  failing(named('web.2'));
  const change = await outcome(rescaleAll({ web: { quantity: 2 }, worker: { quantity: 0 } }));
  expect(change.reason).toContain('Not applied: as before, web at 1:standard-1x, worker at 1:standard-1x.');
  expect(quantityOf('worker')).toBe('1:standard-1x');
  expect(['worker.1', 'clock.1'].map(idOf)).toEqual(before);
});

test('one that crashed before holds nothing up', async () => {
  await deployed({ order: 'worker,web' });
  failing(named('worker.1'));
  engine.crash(idOf('worker.1'), 1);
  await untilCrashed();
  const change = await outcome(rescaleAll({ web: { quantity: 2 }, worker: { quantity: 2 } }));
  expect(change.reason).toContain('The formation is set all the same.');
  await untilRunning(['clock.1 v1', 'web.1 v1', 'web.2 v1', 'worker.2 v1']);
});

test('one that waits for its turn and crashes meanwhile is started again as it was', async () => {
  startAgain({ listening: onceTold });
  await deployed();
  slow = true;
  const change = rescaleAll({ web: { quantity: 2 }, worker: { quantity: 2, size: 'standard-2x' } });
  await until(() => running().includes('web.2 v1'), 'web.2');
  const before = idOf('worker.1');
  engine.crash(before, 1);
  await until(() => running().includes('worker.1 v1') && idOf('worker.1') !== before, 'worker.1 again');
  expect(containerOf('worker.1')?.spec.labels['twelve.size']).toBe('standard-1x');
  expect(running()).not.toContain('worker.2 v1');
  slow = false;
  expect((await outcome(change)).status).toBe('succeeded');
  await untilRunning(['clock.1 v1', 'web.1 v1', 'web.2 v1', 'worker.1 v1', 'worker.2 v1']);
});

test('a server that is killed in the second turn: the next one keeps what that had begun', async () => {
  startAgain({ listening: onceTold });
  await deployed({ order: 'worker,web' });
  slow = true;
  const change = rescaleAll({ web: { quantity: 2 }, worker: { quantity: 2 } });
  await until(() => running().includes('web.2 v1'), 'web.2');
  const begun = idOf('web.2');
  await processes.close();
  expect(store.processChanges.byId(change.id)?.status).toBe('pending');
  // Longer than it looks around before it acts: the workers of the first turn are not proven again by then.
  startAgain({ listening: onceTold, settleMs: 1500 });
  await begin();
  slow = false;
  expect((await outcome(change)).status).toBe('succeeded');
  expect(idOf('web.2')).toBe(begun);
  await untilRunning(['clock.1 v1', 'web.1 v1', 'web.2 v1', 'worker.1 v1', 'worker.2 v1']);
});

test('a restart of one type, asked for on its own, waits for no other', async () => {
  startAgain({ listening: onceTold });
  await deployed();
  slow = true;
  const all = restart();
  await until(
    () => engine.containers().filter((one) => processOf(one.spec) === 'web.1 v1').length === 2,
    'new web',
  );
  const before = idOf('worker.1');
  expect((await outcome(restart('worker'))).status).toBe('succeeded');
  expect(idOf('worker.1')).not.toBe(before);
  slow = false;
  expect((await outcome(all)).status).toBe('succeeded');
  expect((await outcome(rescale('web', { quantity: 2 }))).status).toBe('succeeded');
});
