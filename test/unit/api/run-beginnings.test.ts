// How a one-off that outlives its connection begins: what counts is that its keeper has answered, whatever else is said of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { keptCaller, keptGround } from './kept-ground.ts';

let ground: Awaited<ReturnType<typeof keptGround>>;
afterEach(async () => {
  await ground.only.killed();
  await ground.kill().catch(() => undefined);
});

const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await sleep(5);
};
const notStarted = new PlatformError('engine_failed', 'The engine took too long to start it.');

it('whose keeper has answered goes on when the engine calls its start failed after that', async () => {
  let fail = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    fail = resolve;
  });
  const start = (begin: () => Promise<void>): Promise<void> =>
    begin().then(async () => {
      await answered;
      throw notStarted;
    });
  ground = await keptGround('echo begun; read word; echo "<$word>"; exit 3', 60_000, { start });
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  fail();
  await sleep(100);
  expect(ground.only.gone()).toBe(false);
  caller.stdin.write('on\n');
  expect(await caller.status).toBe(3);
  expect(caller.stdout()).toBe('begun\n<on>\n');
  expect(caller.notices).toEqual([]);
});

it('that cannot be started is gone, and its caller is told why, also where its streams close before', async () => {
  const start = async (_begin: unknown, cut: () => void): Promise<never> => {
    await sleep(300);
    cut();
    await sleep(300);
    throw notStarted;
  };
  ground = await keptGround('echo begun', 60_000, { start });
  await expect(keptCaller(ground.url).status).rejects.toThrow(notStarted.message);
  expect(ground.only.gone()).toBe(true);
});
