// How releases change over, as `ps:set` and app.json say: in which order, how many at a time, and as it was when they began.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  app,
  append,
  begin,
  deaf,
  ended,
  engine,
  processes,
  processOf,
  running,
  scale,
  set,
  startAgain,
  until,
  untilRunning,
} from './ground.ts';

const types = { web: 'w', worker: 'k', clock: 'c' };
async function threeTypes(settings: Record<string, string> = {}): Promise<void> {
  await begin();
  await ended(append(types, {}, {}, 'push', settings));
  scale('worker', 1);
  scale('clock', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1', 'clock.1 v1']);
}
/** Starts and ends of processes from now on, in their order. */
function watch(): string[] {
  const seen: string[] = [];
  let before = running();
  const look = setInterval(() => {
    const now = running();
    seen.push(...before.filter((one) => !now.includes(one)).map((one) => `- ${one}`));
    seen.push(...now.filter((one) => !before.includes(one)).map((one) => `+ ${one}`));
    before = now;
  }, 1);
  look.unref();
  return seen;
}

test('rollout.web=replace, set while a release is being rolled out, is for the next one', async () => {
  deaf.add('slow');
  await begin();
  await ended(append({ web: 'w' }));
  const release = append({ web: 'w' }, { MODE: 'slow' });
  await untilRunning(['web.1 v1', 'web.1 v2']);
  set({ 'rollout.web': 'replace' });
  await sleep(60);
  expect(running()).toEqual(['web.1 v1', 'web.1 v2']);
  deaf.clear();
  // It waits for the port as long as it was told at its start, which ends without one: the old one serves on.
  await ended(release);
  await untilRunning(['web.1 v1']);
  const seen = watch();
  expect((await ended(append({ web: 'w' }))).status).toBe('succeeded');
  await until(() => seen.length === 2, 'both seen');
  expect(seen).toEqual(['- web.1 v1', '+ web.1 v3']);
});

test('rollout.worker=overlap, set meanwhile, starts no worker beside the old one', async () => {
  deaf.add('slow');
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  const release = append({ web: 'w', worker: 'k' }, { MODE: 'slow' });
  await untilRunning(['web.1 v1', 'web.1 v2', 'worker.1 v1']);
  set({ 'rollout.worker': 'overlap', parallel: '1' });
  await sleep(60);
  expect(running()).toEqual(['web.1 v1', 'web.1 v2', 'worker.1 v1']);
  await ended(release);
});

test('order: types change over one after another as named, and those that are not named afterwards', async () => {
  await threeTypes();
  set({ order: 'clock,web' });
  const seen = watch();
  expect((await ended(append(types))).status).toBe('succeeded');
  await untilRunning(['web.1 v2', 'worker.1 v2', 'clock.1 v2']);
  await until(() => seen.length === 6, 'all seen');
  expect(seen.slice(0, 3)).toEqual(['- clock.1 v1', '+ clock.1 v2', '+ web.1 v2']);
  expect(seen.slice(3).sort()).toEqual(['+ worker.1 v2', '- web.1 v1', '- worker.1 v1']);
});

test('order: one that fails in its turn leaves those after it as they are, and those before it go back', async () => {
  await threeTypes();
  set({ order: 'clock,worker,web' });
  engine.behave((spec) => (processOf(spec) === 'worker.1 v2' ? { exitAfterMs: 5, exitCode: 3 } : undefined));
  const seen = watch();
  const failed = await ended(append(types));
  expect(failed).toMatchObject({ status: 'failed', reason: expect.stringContaining('worker.1 exited with') });
  await untilRunning(['web.1 v1', 'worker.1 v1', 'clock.1 v1']);
  expect(seen).toContain('+ clock.1 v2');
  expect(seen.filter((one) => one.includes('web'))).toEqual([]);
});

test('a server that was killed in the second turn goes on there', async () => {
  deaf.add('slow');
  await threeTypes();
  set({ order: 'clock,web,worker' });
  const release = append(types, { MODE: 'slow' });
  await untilRunning(['web.1 v1', 'web.1 v2', 'worker.1 v1', 'clock.1 v2']);
  const clock = processes.status(app.id).find((one) => one.name === 'clock.1')!.id;
  void processes.close();
  deaf.clear();
  startAgain();
  await begin();
  expect((await ended(release)).status).toBe('succeeded');
  await untilRunning(['web.1 v2', 'worker.1 v2', 'clock.1 v2']);
  expect(processes.status(app.id).find((one) => one.name === 'clock.1')!.id).toBe(clock);
});

test("what app.json says is the release's: the one that brings it changes over so, and ps:set goes before it", async () => {
  const settings = { 'rollout.worker': 'overlap', 'rollout.web': 'replace', order: 'worker,web' };
  await begin();
  await ended(append({ web: 'w', worker: 'k' }));
  scale('worker', 1);
  await untilRunning(['web.1 v1', 'worker.1 v1']);
  const seen = watch();
  expect((await ended(append({ web: 'w', worker: 'k' }, {}, {}, 'push', settings))).status).toBe('succeeded');
  await until(() => seen.length === 4, 'four changes');
  expect(seen).toEqual(['+ worker.1 v2', '- web.1 v1', '+ web.1 v2', '- worker.1 v1']);
  set({ 'rollout.web': 'overlap' });
  seen.length = 0;
  await ended(append({ web: 'w', worker: 'k' }, {}, {}, 'push', settings));
  await until(() => seen.length === 4, 'four changes');
  expect(seen.indexOf('+ web.1 v3')).toBeLessThan(seen.indexOf('- web.1 v2'));
});
