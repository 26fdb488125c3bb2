// A router that is away for a while: nobody is stopped before it has heard, and who asked is told when it stays away.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import {
  app,
  append,
  begin,
  ended,
  engine,
  outcome,
  processes,
  running,
  scale,
  startAgain,
  store,
  until,
} from './ground.ts';

let away = false;
let heard: string[] = [];
const serve = async ({ endpoints }: { endpoints: readonly { process: string }[] }): Promise<void> => {
  if (away) throw new Error('nobody answers on its socket.');
  heard = endpoints.map(({ process }) => process).sort();
};

async function twoServe(): Promise<void> {
  away = false;
  startAgain({ serve });
  await begin();
  await ended(append({ web: 'w' }));
  scale('web', 2);
  await until(() => heard.join() === 'web.1,web.2', 'both are known to the router');
}

test('a process that the router may still send visitors to is not stopped', async () => {
  await twoServe();
  away = true;
  scale('web', 1);
  await sleep(300);
  expect(running()).toEqual(['web.1 v1', 'web.2 v1']);
  expect(engine.calls.filter((call) => call.startsWith('stop'))).toEqual([]);
  away = false;
  await until(() => running().join() === 'web.1 v1', 'stopped once the router has heard');
  expect(heard).toEqual(['web.1']);
});

test('what was asked for is kept, and who asked is told that the router does not follow', async () => {
  await twoServe();
  away = true;
  const asked = expect(processes.changed(app.id)).resolves.toBeUndefined();
  // Nothing changed, so nothing was told: that is no failure.
  await asked;
  scale('web', 1);
  await expect(processes.changed(app.id)).rejects.toMatchObject({
    code: 'service_unavailable',
    message: expect.stringContaining('The router does not follow: nobody answers on its socket.'),
  });
  away = false;
  await until(() => running().join() === 'web.1 v1', 'done all the same');
});

test('a scale is taken although the router does not follow, and has its end when it does', async () => {
  await twoServe();
  away = true;
  const before = store.formations.of(app.id);
  store.formations.replace(
    app.id,
    before.map((one) => ({ ...one, quantity: 1 })),
  );
  const change = store.processChanges.append(app.id, { kind: 'scale', former: before, target: null });
  vi.useFakeTimers({ toFake: ['Date'] });
  const taken = processes.changes.begin(change);
  await sleep(50);
  vi.setSystemTime(Date.now() + 20_000);
  await expect(taken).resolves.toBeUndefined();
  vi.useRealTimers();
  expect(store.processChanges.byId(change.id)?.status).toBe('pending');
  away = false;
  expect((await outcome(change)).status).toBe('succeeded');
});
