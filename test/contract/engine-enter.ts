// Contract: a caller's program inside a running container.
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Entered } from '../../platform/engine/engine.ts';
import type { Bench } from './engine.ts';
import { guests } from './programs.ts';

const user = '20012:20012';

export function enterCases(bench: Bench): void {
  const enter = (id: string, command: string[], tty = false, env: Record<string, string> = {}) =>
    bench.engine.enter(id, { command, user, tty, env });

  test('a program entered gets input and its end, gives both outputs and its status', async () => {
    const id = await bench.run('sleeps');
    const entered = await enter(id, guests.echoes);
    const output = Promise.all([read(entered.stream), read(entered.stderr!)]);
    entered.stream.write('first\n');
    entered.stream.end('second\n');
    expect(await output).toEqual(['first\nsecond\n', 'end of input\n']);
    expect(await entered.exit).toBe(4);
    expect((await bench.engine.inspect(id)).state).toBe('running');
  });

  test('it runs as the user it was given, with variables of its own', async () => {
    const id = await bench.run('sleeps');
    const entered = await enter(id, guests.variable, false, { WORD: 'said' });
    entered.stderr!.resume();
    expect(await read(entered.stream)).toBe('said 20012\n');
    expect(await entered.exit).toBe(0);
  });

  test('it is signalled, and nothing else in the container is', async () => {
    const id = await bench.run('listens');
    await bench.printed(id, 'ready');
    const entered = await enter(id, guests.told);
    await said(entered, 'ready');
    await entered.signal('SIGUSR1');
    expect(await entered.exit).toBe(9);
    await expect(entered.signal('SIGNOTHING')).rejects.toMatchObject({ code: 'bad_request' });
    expect(await bench.engine.lastLines(id, 5)).toEqual(['ready']);
  });

  test('with a terminal there is one output, and its size changes', async () => {
    const id = await bench.run('sleeps');
    const entered = await enter(id, guests.measures, true);
    expect(entered.stderr).toBeUndefined();
    await said(entered, 'ready');
    await entered.resize({ columns: 91, rows: 17 });
    await said(entered, '17 91');
    await entered.signal('SIGKILL');
    expect(await entered.exit).toBe(137);
  });

  test('it ends with its container', async () => {
    const id = await bench.run('sleeps');
    const entered = await enter(id, guests.told);
    await said(entered, 'ready');
    await bench.engine.kill(id, 'SIGKILL');
    expect(await entered.exit).toBe(137);
  });

  test('who was left behind is hung up', async () => {
    const id = await bench.run('sleeps');
    const entered = await enter(id, guests.told);
    await said(entered, 'ready');
    await bench.connect().hangUp(id);
    expect(await entered.exit).toBe(129);
    expect((await bench.engine.inspect(id)).state).toBe('running');
    await bench.engine.hangUp(id);
  });

  test('nobody enters what does not run', async () => {
    const id = await bench.create('sleeps');
    await expect(enter(id, guests.sleeps)).rejects.toMatchObject({ code: 'conflict' });
    await expect(enter('nothing', guests.sleeps)).rejects.toMatchObject({ code: 'not_found' });
  });
}

/** Resolves when it has printed this. */
async function said({ stream }: Entered, what: string): Promise<void> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.includes(what)) return;
  }
  throw new Error(`it ended without "${what}": ${text}`);
}

async function read(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
