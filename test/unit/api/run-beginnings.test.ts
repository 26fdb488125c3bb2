// How a one-off that outlives its connection begins: what counts is that its keeper has answered, whatever else is said of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { hasBegun } from '../../../platform/processes/kept/link.ts';
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

it('is up once its command has begun, also for a server that found it waiting, and once only', async () => {
  ground = await keptGround('echo begun; read word; exit 3');
  await until(() => ground.only.summary().state === 'running');
  expect([ground.told, ground.awaitsFirst()]).toEqual([['starting'], true]);
  await ground.kill();
  await ground.begin();
  await until(() => ground.awaitsFirst());
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  expect([ground.told, ground.awaitsFirst()]).toEqual([['starting', 'up'], false]);
  await ground.kill();
  await ground.begin();
  caller.stdin.write('on\n');
  expect(await caller.status).toBe(3);
  expect(ground.told).toEqual(['starting', 'up', 'ended 3']);
});

it.each(['while no server is there', 'before its caller comes'])(
  'whose command never began since it was ended %s says so to its caller, and is gone',
  async (when) => {
    ground = await keptGround('echo begun');
    // Before it answers it does not take signals either.
    expect(await hasBegun(await ground.only.engine.attach('c1', { stdin: true, tty: false }))).toBe(false);
    const away = when === 'while no server is there';
    if (away) await ground.kill();
    // As it ends by itself when nobody has come for a minute.
    await ground.only.engine.kill('c1', 'SIGHUP');
    await until(() => ground.only.summary().state === 'exited');
    if (away) await ground.begin();
    await expect(keptCaller(ground.url).status).rejects.toThrow('its command never began. Run it again.');
    expect(ground.only.gone()).toBe(true);
  },
);

it('whose command ends with the status of a hang-up by itself tells that, also to who comes back', async () => {
  ground = await keptGround('read word; exit 129');
  const caller = keptCaller(ground.url);
  await until(() => ground.told.includes('up'));
  await ground.kill();
  await ground.begin();
  caller.stdin.write('on\n');
  expect(await caller.status).toBe(129);
});

it('that was ended with its engine before anything of its output was there says that much to who comes for it, and is gone', async () => {
  ground = await keptGround('echo begun');
  await until(() => ground.only.summary().state === 'running');
  await ground.kill();
  await ground.only.killed();
  await until(() => ground.only.summary().state === 'exited');
  await ground.begin();
  await expect(keptCaller(ground.url).status).rejects.toThrow(
    'was ended from outside (status 137), as happens with its engine, and nothing of its output is there.',
  );
  expect(ground.only.gone()).toBe(true);
});
