// Scales, resizes and restarts to their end: done, or what ran before goes on and it is said which process failed how.
import { expect, test } from 'vitest';
import {
  app,
  append,
  begin,
  deaf,
  ended,
  engine,
  failing,
  idOf,
  lines,
  named,
  outcome,
  processes,
  quantityOf,
  rescale,
  restart,
  routed,
  running,
  startAgain,
  store,
  until,
  untilCrashed,
  untilRunning,
} from './ground.ts';

const sizes = (): string[] => engine.containers().map((one) => one.spec.labels['twelve.size']!);

/** Deployed, with so many web processes. */
async function deployed(
  web: number,
  types: Record<string, string> = { web: 'w', worker: 'k' },
): Promise<void> {
  await begin();
  await ended(append(types));
  if (web > 1) expect((await outcome(rescale('web', { quantity: web }))).status).toBe('succeeded');
}

test('a scale has succeeded once all run; down, once the others get no requests', async () => {
  await deployed(1);
  const up = await outcome(rescale('web', { quantity: 3 }));
  expect(up).toMatchObject({ status: 'succeeded', reason: null });
  expect(running()).toEqual(['web.1 v1', 'web.2 v1', 'web.3 v1']);
  expect((await outcome(rescale('web', { quantity: 1 }))).status).toBe('succeeded');
  expect(routed.processes).toHaveLength(1);
});

test('a scale whose process ends before it is ready goes back, and touches none of those that run', async () => {
  await deployed(2);
  const before = ['web.1', 'web.2'].map(idOf);
  failing(named('web.3'));
  const change = await outcome(rescale('web', { quantity: 4 }));
  expect(change).toMatchObject({
    status: 'failed',
    reason:
      'Error H10 (App crashed): web.3 exited with status 4 before it was ready.\nLast lines:\n  last words\nNot applied: as before, web at 2:standard-1x.',
  });
  expect(quantityOf('web')).toBe('2:standard-1x');
  await untilRunning(['web.1 v1', 'web.2 v1']);
  expect(['web.1', 'web.2'].map(idOf)).toEqual(before);
  expect(routed.processes).toHaveLength(2);
  expect(lines.join('\n')).toContain(
    'api: Scaling failed: Error H10 (App crashed): web.3 exited with status 4 before it was ready. Not applied: as before, web at 2',
  );
  // The next try is judged by itself.
  failing(() => false);
  expect((await outcome(rescale('web', { quantity: 3 }))).status).toBe('succeeded');
});

test('one that does not listen fails with R10; from none it is none again', async () => {
  deaf.add('deaf');
  await begin();
  await ended(append({ web: 'w' }));
  await outcome(rescale('web', { quantity: 0 }));
  await ended(append({ web: 'w' }, { MODE: 'deaf' }));
  const change = await outcome(rescale('web', { quantity: 1 }));
  expect(change.reason).toMatch(/^Error R10 \(Boot timeout\): web\.1 did not listen/);
  expect(change.reason).toContain('Not applied: as before, web at 0:standard-1x.');
  await untilRunning([]);
  expect(processes.status(app.id)).toEqual([]);
});

test('a size with which they die: the ones of before go on, and serve', async () => {
  await deployed(2);
  const before = ['web.1', 'web.2'].map(idOf).sort();
  failing(({ labels }) => labels['twelve.size'] === 'standard-2x');
  const change = await outcome(rescale('web', { size: 'standard-2x' }));
  expect(change.reason).toContain('Not applied: as before, web at 2:standard-1x.');
  await until(() => engine.containers().length === 2, 'only those of before');
  expect(
    engine
      .containers()
      .map((one) => one.id)
      .sort(),
  ).toEqual(before);
  expect(routed).toMatchObject({ state: 'up' });
  expect(routed.processes).toHaveLength(2);
});

test('of a type whose old process ends first, one of the former size is started again at once', async () => {
  await deployed(1);
  await outcome(rescale('worker', { quantity: 1 }));
  failing(({ labels }) => labels['twelve.size'] === 'standard-2x');
  expect((await outcome(rescale('worker', { size: 'standard-2x' }))).status).toBe('failed');
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  expect(new Set(sizes())).toEqual(new Set(['standard-1x']));
});

test('a scale that works says so when another process that is wanted does not run, and is kept', async () => {
  await deployed(1);
  await outcome(rescale('worker', { quantity: 1 }));
  failing(named('worker.1'));
  engine.crash(idOf('worker.1'), 1);
  await untilCrashed();
  const change = await outcome(rescale('worker', { quantity: 2 }));
  expect(change).toMatchObject({ status: 'failed', reason: expect.stringContaining('worker.1 exited') });
  expect(change.reason).toContain('The formation is set all the same.');
  expect(quantityOf('worker')).toBe('2:standard-1x');
  await untilRunning(['web.1 v1', 'worker.2 v1']);
});

test('one on top of another that has not ended goes back to what was before both', async () => {
  await deployed(1);
  failing(named('web.3'));
  const first = rescale('web', { quantity: 2 });
  const second = rescale('web', { quantity: 3 });
  expect(await outcome(first)).toMatchObject({ status: 'expired', supersededBy: second.id });
  expect((await outcome(second)).status).toBe('failed');
  expect(quantityOf('web')).toBe('1:standard-1x');
  await untilRunning(['web.1 v1']);
});

test('a server that is killed meanwhile: the next one brings it to its end', async () => {
  await deployed(1);
  failing(named('worker.1'));
  const change = rescale('worker', { quantity: 1 });
  await processes.close();
  expect(store.processChanges.byId(change.id)?.status).toBe('pending');
  startAgain();
  await begin();
  expect(await outcome(change)).toMatchObject({ status: 'failed' });
  expect(quantityOf('worker')).toBe('0:standard-1x');
  await untilRunning(['web.1 v1']);
});

test('a restart has succeeded once every one is a fresh one that is up', async () => {
  await deployed(2);
  const before = ['web.1', 'web.2'].map(idOf);
  expect((await outcome(restart('web.1'))).status).toBe('succeeded');
  await until(() => engine.containers().length === 2, 'the old one gone');
  expect(idOf('web.1')).not.toBe(before[0]);
  expect(idOf('web.2')).toBe(before[1]);
  expect((await outcome(restart('web'))).status).toBe('succeeded');
  await until(() => engine.containers().length === 2, 'the old ones gone');
  expect(idOf('web.2')).not.toBe(before[1]);
});

test('a restart whose process fails leaves the one of before, and says so', async () => {
  await deployed(2);
  const before = ['web.1', 'web.2'].map(idOf).sort();
  failing(() => true);
  const change = await outcome(restart());
  expect(change).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/^Error H10 \(App crashed\): web\.\d exited with status 4/),
  });
  expect(change.reason).toMatch(/Last lines:\n {2}last words\nNot restarted: web\.\d goes on as it was\.$/);
  await until(() => engine.containers().length === 2, 'only those of before');
  expect(
    engine
      .containers()
      .map((one) => one.id)
      .sort(),
  ).toEqual(before);
  expect(routed.processes).toHaveLength(2);
});

test('one that ends by itself before it is replaced does not keep the restart from being done', async () => {
  await deployed(2);
  const change = restart();
  engine.crash(idOf('web.1'), 1);
  expect((await outcome(change)).status).toBe('succeeded');
  await untilRunning(['web.1 v1', 'web.2 v1']);
});

test('where the old one ends first, a restart that fails goes no further; the one that failed is tried again', async () => {
  await deployed(1);
  await outcome(rescale('worker', { quantity: 2 }));
  const second = idOf('worker.2');
  failing(named('worker.1'));
  const change = await outcome(restart('worker'));
  expect(change.reason).toContain('The restart went no further; worker.1 is started again, later each time.');
  await untilCrashed();
  expect(idOf('worker.2')).toBe(second);
  failing(() => false);
  await untilRunning(['web.1 v1', 'worker.1 v1', 'worker.2 v1']);
});

test('a restart goes on under the next server', async () => {
  await deployed(2);
  const before = ['web.1', 'web.2'].map(idOf);
  const change = restart();
  await processes.close();
  startAgain();
  await begin();
  expect((await outcome(change)).status).toBe('succeeded');
  await until(() => engine.containers().length === 2, 'the old ones gone');
  for (const id of before) expect(engine.containers().map((one) => one.id)).not.toContain(id);
});

test('a scale in the midst of a rollout is judged once that has ended', async () => {
  await deployed(1);
  deaf.add('deaf');
  const release = append({ web: 'w', worker: 'k' }, { MODE: 'deaf' });
  await untilRunning(['web.1 v1', 'web.1 v2']);
  const change = rescale('web', { quantity: 2 });
  expect((await ended(release)).status).toBe('failed');
  expect((await outcome(change)).status).toBe('succeeded');
  await untilRunning(['web.1 v1', 'web.2 v1']);
});

test('what an app wants of a type that does not run yet is said', async () => {
  await begin();
  deaf.add('deaf');
  const release = append({ web: 'w' }, { MODE: 'deaf' });
  const change = rescale('web', { quantity: 2 });
  expect((await ended(release)).status).toBe('failed');
  expect(await outcome(change)).toMatchObject({
    status: 'failed',
    reason: 'No web runs: no release serves yet.\nThe formation is set all the same.',
  });
});

test('as many changes as there are wait without a warning', async () => {
  const warnings: string[] = [];
  const warn = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', warn);
  await deployed(1);
  const changes = Array.from({ length: 15 }, () => restart('web.1'));
  for (const change of changes) expect((await outcome(change)).status).toBe('succeeded');
  process.off('warning', warn);
  expect(warnings).toEqual([]);
});
