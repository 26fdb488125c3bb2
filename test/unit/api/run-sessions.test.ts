// A one-off that outlives its connection: nothing is lost or doubled, whoever goes away, and nobody is waited for without end.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { keptCaller, keptGround } from './kept-ground.ts';

type Ground = Awaited<ReturnType<typeof keptGround>>;
let ground: Ground;
afterEach(async () => {
  await ground.only.killed();
  await ground.kill().catch(() => undefined);
});

const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await sleep(5);
};
const lines = (count: number): string => Array.from({ length: count }, (_, n) => `${n + 1}\n`).join('');

it('passes input to its end, both outputs and the status, and leaves nothing', async () => {
  ground = await keptGround('cat; echo bad >&2; exit 3');
  const caller = keptCaller(ground.url);
  caller.stdin.end('some\ninput');
  expect(await caller.status).toBe(3);
  expect([caller.stdout(), caller.stderr()]).toEqual(['some\ninput', 'bad\n']);
  expect(ground.only.gone()).toBe(true);
  expect(ground.told).toEqual(['starting', 'up', 'ended 3']);
  expect(caller.notices).toEqual([]);
});

it.each(['kill', 'stop', 'cut'] as const)(
  'through five of these (%s) every byte of output and input arrives once',
  async (how) => {
    ground = await keptGround('exec 3<&0; sha256sum <&3 >&2 & seq 1 1500000; wait; exit 4');
    const caller = keptCaller(ground.url);
    const input = randomBytes(2_000_000);
    await until(() => caller.stdout().length > 0);
    for (let round = 0; round < 5; round++) {
      caller.stdin.write(input.subarray(round * 400_000, (round + 1) * 400_000));
      await sleep(30);
      await ground[how]();
      if (how !== 'cut') await ground.begin();
      await until(() => caller.notices.filter((text) => text.startsWith('We are back')).length > round);
    }
    caller.stdin.end();
    expect(await caller.status).toBe(4);
    expect(caller.stdout() === lines(1_500_000)).toBe(true);
    expect(caller.stderr()).toContain(createHash('sha256').update(input).digest('hex'));
    expect(ground.only.gone()).toBe(true);
  },
  60_000,
);

it('who reads slowly holds the command up, also while no server is there', async () => {
  ground = await keptGround('seq 1 1000000; echo d""one >&2');
  const caller = keptCaller(ground.url);
  caller.hold(true);
  await until(() => caller.stdout().length > 0);
  await sleep(300);
  const before = caller.stdout().length;
  expect(before).toBeLessThan(2_000_000);
  await ground.kill();
  await ground.begin();
  caller.hold(false);
  expect(await caller.status).toBe(0);
  expect(caller.stdout() === lines(1_000_000)).toBe(true);
});

it('what ended while nobody was there tells the rest and its status', async () => {
  ground = await keptGround('echo begun; sleep 0.3; seq 1 1000; exit 6');
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  await ground.kill();
  await sleep(600);
  await ground.begin();
  expect(await caller.status).toBe(6);
  expect(caller.stdout()).toBe(`begun\n${lines(1000)}`);
  expect(caller.notices.join(' ')).not.toContain('missing');
});

it('whose keeper was told to end meanwhile, as by an engine that comes back, tells its status and that output may be missing', async () => {
  ground = await keptGround('trap "echo late; exit 7" TERM; echo begun; while :; do sleep 0.05; done');
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  await ground.kill();
  await ground.only.engine.kill('c1', 'SIGTERM');
  await until(() => ground.only.summary().state === 'exited');
  await ground.begin();
  expect(await caller.status).toBe(7);
  expect(caller.stdout()).toBe('begun\n');
  expect(caller.notices.at(-1)).toMatch(/ended with status 7 while we were away, .* may be missing/);
});

it('a server that comes back without it says so', async () => {
  ground = await keptGround('echo begun; sleep 60');
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  await ground.kill();
  await ground.only.killed();
  await ground.only.clear();
  await ground.begin();
  await expect(caller.status).rejects.toThrow('run.1 is gone meanwhile');
});

it('a caller that finds no server gives up when the process would not wait any longer', async () => {
  ground = await keptGround('echo begun; sleep 60');
  const caller = keptCaller(ground.url, 600);
  await until(() => caller.stdout() === 'begun\n');
  await ground.kill();
  await expect(caller.status).rejects.toThrow('there was no way back to run.1');
});

/** How long it is waited for, where that is to end; its first caller has to come within it, too. */
const shortMs = 2000;
const endless = 'trap "exit 9" HUP; echo begun; while :; do sleep 0.05; done';

it('one that no caller had come for when its server was killed is soon hung up on, and its command never begins', async () => {
  ground = await keptGround('echo begun', 60_000, { notBegunMs: 200 });
  await until(() => ground.only.summary().state === 'running');
  await ground.kill();
  await ground.begin();
  await until(() => ground.only.gone());
  expect(ground.told).toEqual(['starting', 'ended 129, not begun']);
});

it('… unless its caller comes first; one whose command has begun is waited for as any', async () => {
  ground = await keptGround(endless, 60_000, { notBegunMs: 1500 });
  await until(() => ground.only.summary().state === 'running');
  await ground.kill();
  await ground.begin();
  const caller = new WebSocket(ground.url);
  await once(caller, 'message');
  await ground.kill();
  await ground.begin();
  await sleep(2000);
  expect(ground.only.gone()).toBe(false);
  expect(ground.told).toEqual(['starting', 'up']);
});

it('a caller that is back while its keeper is still asked whether it began does not speak to it at the same time', async () => {
  ground = await keptGround('echo begun; read word; echo "<$word>"; exit 3');
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  await ground.kill();
  const { attach } = ground.only.engine;
  const attached: { stream?: Duplex }[] = [];
  const beside: number[] = [];
  ground.only.engine.attach = async (...given) => {
    beside.push(attached.filter(({ stream }) => !stream?.destroyed).length);
    const one = {};
    attached.push(one);
    // Longer than the caller takes to come back.
    if (attached.length === 1) await sleep(1000);
    return Object.assign(one, await attach(...given));
  };
  await ground.begin();
  caller.stdin.write('on\n');
  expect(await caller.status).toBe(3);
  expect(caller.stdout()).toBe('begun\n<on>\n');
  expect(beside).toEqual([0, 0]);
});

it('a caller that gave up while no server was there is waited for by the next one, and then hung up on', async () => {
  ground = await keptGround(endless, shortMs);
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  await ground.kill();
  await until(() => caller.notices.length > 0);
  caller.signals.emit('SIGINT');
  await expect(caller.status).rejects.toMatchObject({ status: 130 });
  await ground.begin();
  await until(() => ground.only.gone());
  expect(ground.told.at(-1)).toBe('ended 9');
});

it('a caller that is cut off and does not come back is waited for, and then hung up on', async () => {
  ground = await keptGround(endless, shortMs);
  const caller = new WebSocket(ground.url);
  await once(caller, 'message');
  caller.terminate();
  await sleep(200);
  expect(ground.told).toEqual(['starting', 'up']);
  await until(() => ground.only.gone());
  expect(ground.told.at(-1)).toBe('ended 9');
});

it('a caller that does not want it any more is not waited for', async () => {
  ground = await keptGround(endless);
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  caller.stopReading();
  expect(await caller.status).toBe(0);
  await until(() => ground.only.gone());
  expect(ground.told.at(-1)).toBe('ended 9');
});

it('signals reach it, and it decides', async () => {
  ground = await keptGround('trap "echo got TERM; exit 8" TERM; echo begun; while :; do sleep 0.05; done');
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  caller.signals.emit('SIGTERM');
  expect(await caller.status).toBe(8);
  expect(caller.stdout()).toBe('begun\ngot TERM\n');
});

it('a caller that comes back and may not any more is told why, and does not try again', async () => {
  let may = true;
  ground = await keptGround('echo begun; sleep 60', 60_000, { right: { stands: () => may } });
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  may = false;
  ground.cut();
  await expect(caller.status).rejects.toThrow(
    'the server does not let us back to run.1: This token is not valid.',
  );
});

it('who may run something in another app neither gets to it by its secret nor cuts its caller off', async () => {
  ground = await keptGround('echo begun; read word; echo "<$word>"; exit 3');
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  const other = new WebSocket(ground.url.replace(/[\da-f-]{36}/, randomUUID()));
  const [, { statusCode }] = await once(other, 'unexpected-response');
  expect(statusCode).toBe(404);
  caller.stdin.write('on\n');
  expect(await caller.status).toBe(3);
  expect(caller.notices).toEqual([]);
});

it('one that may not any more is hung up on at once, also where it does not answer', async () => {
  let may = true;
  ground = await keptGround(endless, 60_000, { right: { stands: () => may, beatMs: 20 } });
  const caller = new WebSocket(ground.url);
  // Before it has said that it began, the shell has no trap yet. That may come in one piece with what the server says before.
  await new Promise<void>((resolve) => caller.on('message', (_, binary) => binary && resolve()));
  may = false;
  caller.pause();
  await until(() => ground.only.gone());
  expect(ground.told.at(-1)).toBe('ended 9');
  caller.terminate();
});

it('where it cannot be told whether its caller still may, that is told, and asked again at the next beat', async () => {
  let broken = false;
  const stands = (): boolean => {
    if (broken) throw new Error('disk I/O error');
    return true;
  };
  ground = await keptGround('echo begun; read word; exit 3', 60_000, { right: { stands, beatMs: 20 } });
  const caller = keptCaller(ground.url);
  await until(() => caller.stdout() === 'begun\n');
  broken = true;
  await until(() => ground.told.includes('run: disk I/O error'));
  broken = false;
  caller.stdin.write('on\n');
  expect(await caller.status).toBe(3);
});

it('what has ended and told its status is not hung up on', async () => {
  ground = await keptGround('exit 3');
  const signals: string[] = [];
  const { kill } = ground.only.engine;
  ground.only.engine.kill = async (id, name) => {
    signals.push(name);
    await kill(id, name);
  };
  const caller = keptCaller(ground.url);
  expect(await caller.status).toBe(3);
  await until(() => ground.only.gone());
  await sleep(50);
  expect(signals).toEqual([]);
});
