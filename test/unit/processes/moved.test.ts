// A container that the engine has started again under another address, while it was being proven.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { app, append, begin, engine, processes, startAgain, store, until, untilRunning } from './ground.ts';

test('a worker is up only after it has stayed up since then', async () => {
  startAgain({ settleMs: 600_000 });
  await begin();
  append({ web: 'w', worker: 'k' });
  await untilRunning(['web.1 v1']);
  await until(() => processes.status(app.id)[0]?.state === 'up', 'web up');
  store.formations.replace(
    app.id,
    store.formations.of(app.id).map((one) => ({ ...one, quantity: 1 })),
  );
  await processes.changed(app.id);
  const worker = () => engine.containers().find((one) => one.spec.labels['twelve.process'] === 'worker.1');
  await until(() => worker()?.details.state === 'running', 'the worker');
  await sleep(30);
  Object.assign(worker()!.details, {
    addresses: { moved: '10.213.0.99' },
    startedAt: new Date().toISOString(),
  });
  const inspected = (): number => engine.calls.filter((call) => call === `inspect ${worker()!.id}`).length;
  const before = inspected();
  engine.goAway();
  engine.comeBack();
  await until(() => inspected() > before, 'looked at again');
  await sleep(100);
  expect(processes.status(app.id).find((one) => one.type === 'worker')?.state).toBe('starting');
});
