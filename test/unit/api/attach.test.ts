// Who is attached and made to wait for long stays attached, whichever side waits; who is gone is noticed all the same.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex, PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createAttachments } from '../../../platform/api/attach.ts';
import type { Call } from '../../../platform/cli/command.ts';
import { attach } from '../../../platform/cli/run-session.ts';
import type { AttachedSession } from '../../../platform/processes/attached.ts';

const beatMs = 20;
/** Many times what a silent caller is given. */
const long = 25 * beatMs;
const after: (() => void)[] = [];
afterEach(() => {
  for (const step of after.splice(0).reverse()) step();
});

/** A process that reads only when told to, behind a real server. */
async function offered(resize: AttachedSession['resize'] = async () => undefined, stands = () => true) {
  const problems: string[] = [];
  const signals: string[] = [];
  const attachments = createAttachments((message) => problems.push(message), beatMs);
  let read = 0;
  const held: (() => void)[] = [];
  let holding = true;
  const stream = new Duplex({
    read: () => undefined,
    write(part: Buffer, _encoding, done) {
      read += part.length;
      if (holding) held.push(done);
      else done();
    },
  });
  let end: (code: number) => void = () => undefined;
  const exit = new Promise<number>((resolve) => {
    end = (code) => {
      stream.push(null);
      resolve(code);
    };
  });
  const session: AttachedSession = {
    name: 'run.1',
    stream,
    resize,
    signal: async (name) => void signals.push(name),
    exit,
  };
  const server = createServer().on('upgrade', (request, socket, head) =>
    attachments.upgrade(request, socket, head),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after.push(() => {
    end(0);
    attachments.close();
    server.close();
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/attach/${attachments.offer({ open: async () => session, stands })}`,
    problems,
    signals,
    stream,
    end,
    read: () => read,
    goOn() {
      holding = false;
      for (const done of held.splice(0)) done();
    },
  };
}

/** The command line's side in this process; what it prints is taken only when the test says so. */
function caller(url: string) {
  const stdin = new PassThrough();
  const taken: Buffer[] = [];
  const held: (() => void)[] = [];
  let holding = true;
  const stdout = new Writable({
    write(part: Buffer, _encoding, done) {
      taken.push(part);
      if (holding) held.push(done);
      else done();
    },
  });
  const world = { stdin, stdout, stderr: new PassThrough(), signals: new EventEmitter() };
  const call = { world, out: { closed: new AbortController().signal } } as unknown as Call;
  const status = attach(call, url, false, { signMs: beatMs });
  status.catch(() => undefined);
  return {
    stdin,
    status,
    taken: () => Buffer.concat(taken).length,
    goOn() {
      holding = false;
      for (const done of held.splice(0)) done();
    },
  };
}

const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await sleep(2);
};

it('a caller that is slow gets all of the output of a process that has ended meanwhile, and then its status', async () => {
  const process = await offered();
  const end = caller(process.url);
  const total = 12_000_000;
  for (let sent = 0; sent < total; sent += 1_000_000) process.stream.push(Buffer.alloc(1_000_000, 'a'));
  await until(() => end.taken() > 0);
  process.end(3);
  // Longer than one is waited for that has no more to say.
  await sleep(3000);
  expect(end.taken()).toBeLessThan(total);
  end.goOn();
  expect(await end.status).toBe(3);
  expect(end.taken()).toBe(total);
});

it('a process that does not read for long keeps its caller, and gets all of the input then', async () => {
  const process = await offered();
  const end = caller(process.url);
  end.stdin.write(Buffer.alloc(600_000, 'a'));
  await until(() => process.read() > 0);
  await sleep(long);
  expect(process.signals).toEqual([]);
  process.goOn();
  await until(() => process.read() === 600_000);
  process.end(3);
  expect(await end.status).toBe(3);
  expect(process.signals).toEqual([]);
});

// The first fits the kernel's buffers whole, so that nothing waits on the server; of the second much does.
it.each([100_000, 30_000_000])(
  'a caller whose pager does not read %i bytes for long stays attached, and gets them all then',
  async (bytes) => {
    const process = await offered();
    const end = caller(process.url);
    for (let left = bytes; left > 0; left -= 50_000) process.stream.push(Buffer.alloc(50_000, 'b'));
    await until(() => end.taken() > 0);
    await sleep(long);
    expect(process.signals).toEqual([]);
    end.goOn();
    await until(() => end.taken() === bytes);
    process.end(0);
    expect(await end.status).toBe(0);
  },
);

it('a caller that answers nothing and is made to wait by nobody is hung up on', async () => {
  const process = await offered();
  const silent = new WebSocket(process.url, { autoPong: false });
  silent.on('error', () => undefined);
  await once(silent, 'close');
  await until(() => process.signals.length > 0);
  expect(process.signals).toEqual(['SIGHUP']);
});

it('a caller that goes while the process does not read is hung up on too', async () => {
  const process = await offered();
  const gone = new WebSocket(process.url);
  await once(gone, 'open');
  gone.send(Buffer.alloc(600_000, 'a'));
  await until(() => process.read() > 0);
  gone.terminate();
  await until(() => process.signals.length > 0);
  expect(process.signals).toEqual(['SIGHUP']);
});

it('of several sizes in a row the last counts, however long the engine takes for the ones before', async () => {
  const sizes: string[] = [];
  let asked = 0;
  const process = await offered(async (columns, rows) => {
    // The first ones asked for are carried out last.
    await sleep(Math.max(0, 60 - 20 * asked++));
    sizes.push(`${columns}x${rows}`);
  });
  const client = new WebSocket(process.url);
  after.push(() => client.terminate());
  await once(client, 'open');
  for (const [columns, rows] of [
    [101, 37],
    [77, 37],
    [77, 22],
  ])
    client.send(JSON.stringify({ type: 'resize', columns, rows }));
  await until(() => sizes.includes('77x22'));
  await sleep(100);
  expect(sizes.at(-1)).toBe('77x22');
});

it('whose right is taken away while attached is told so, and the process is hung up on', async () => {
  let may = true;
  const process = await offered(undefined, () => may);
  process.goOn();
  const client = new WebSocket(process.url);
  const told: string[] = [];
  client.on('message', (data, binary) => binary || told.push(String(data)));
  await once(client, 'open');
  await sleep(3 * beatMs);
  expect(client.readyState).toBe(client.OPEN);
  may = false;
  await once(client, 'close');
  expect(told.at(-1)).toMatch(/"type":"error".*revoked or has expired/);
  await sleep(beatMs);
  expect(process.signals).toContain('SIGHUP');
});

it('whose right is taken away gets nothing more in, though they stay on the line', async () => {
  let may = true;
  const process = await offered(undefined, () => may);
  process.goOn();
  const client = new WebSocket(process.url);
  after.push(() => client.terminate());
  const told: string[] = [];
  client.on('message', (data, binary) => binary || told.push(String(data)));
  // So the end that it is told of is never answered.
  client.close = () => undefined;
  await once(client, 'open');
  client.send(Buffer.from('before'));
  await until(() => process.read() === 6);
  may = false;
  await until(() => told.some((text) => text.includes('revoked or has expired')));
  expect(process.signals).toEqual(['SIGHUP']);
  client.send(Buffer.from('after'));
  client.send('{"type":"signal","signal":"SIGINT"}');
  await sleep(long);
  expect([process.read(), process.signals]).toEqual([6, ['SIGHUP']]);
});

it('who was offered it and may not any more does not get in', async () => {
  const process = await offered(undefined, () => false);
  const client = new WebSocket(process.url);
  const [error] = (await once(client, 'error')) as [Error];
  expect(error.message).toContain('404');
});

it('where it cannot be told whether its caller may, that is said, and asked again: nothing ends for it', async () => {
  let broken = true;
  const process = await offered(undefined, () => {
    if (broken) throw new Error('disk I/O error');
    return true;
  });
  process.goOn();
  const [error] = (await once(new WebSocket(process.url), 'error')) as [Error];
  expect(error.message).toContain('503');
  broken = false;
  const client = new WebSocket(process.url);
  after.push(() => client.terminate());
  await once(client, 'open');
  broken = true;
  await until(() => process.problems.includes('run: disk I/O error'));
  broken = false;
  process.end(3);
  const told: string[] = [];
  client.on('message', (data, binary) => binary || told.push(String(data)));
  await once(client, 'close');
  expect(told.at(-1)).toBe('{"type":"exit","code":3}');
  expect(process.signals).toEqual([]);
});
