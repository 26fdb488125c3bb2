// Commands inside running processes, decided over an in-memory engine.
import { beforeEach, expect, test } from 'vitest';
import { createInside, type Inside } from '../../../platform/processes/inside.ts';
import type { MemoryGuest } from '../../support/memory-engine.ts';
import { app, append, begin, ended, engine, newNeeds, processes, untilRunning } from './ground.ts';

let inside: Inside;
const guests: MemoryGuest[] = [];
const order = { command: 'ls', tty: false, window: null, env: {} };
const web = () => processes.status(app.id).find(({ name }) => name === 'web.1')!;

beforeEach(async () => {
  guests.length = 0;
  engine.behave(() => ({ enter: (guest) => void guests.push(guest) }));
  await begin();
  await ended(append({ web: 'w' }));
  await untilRunning(['web.1 v1']);
  inside = createInside(newNeeds());
});

test('it is started as the process was: by the boot program, as the user of apps', async () => {
  const session = await inside.open(web(), { ...order, env: { TERM: 'xterm' } });
  expect(session.name).toBe('web.1');
  expect(guests[0]!.order).toEqual({
    command: ['/usr/local/lib/twelve/boot', 'ls'],
    user: '20012:20012',
    tty: false,
    env: { TERM: 'xterm' },
  });
  guests[0]!.exit(4);
  expect(await session.exit).toBe(4);
});

test('a terminal has its size before the command looks', async () => {
  const session = await inside.open(web(), { ...order, tty: true, window: { columns: 91, rows: 17 } });
  const { command, tty } = guests[0]!.order;
  expect(tty).toBe(true);
  expect(command.slice(-4)).toEqual(['91', '17', '/usr/local/lib/twelve/boot', 'ls']);
  await session.signal('SIGTERM');
  expect(await session.exit).toBe(143);
});

test('it ends with its process, and nobody enters one that is gone', async () => {
  const was = web();
  const session = await inside.open(was, order);
  engine.crash(engine.containers()[0]!.id, 1);
  expect(await session.exit).toBe(137);
  await expect(inside.open(was, order)).rejects.toMatchObject({
    code: expect.stringMatching(/^(conflict|not_found)$/),
  });
});

test('what an earlier server left behind is hung up', async () => {
  const session = await inside.open(web(), order);
  await createInside(newNeeds()).sweep();
  expect(await session.exit).toBe(129);
  expect(engine.containers()[0]!.details.state).toBe('running');
});
