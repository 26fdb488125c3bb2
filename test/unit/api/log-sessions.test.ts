// A log session's URL: what comes out of it, as text and as events, and where a reader that comes back goes on.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import { expect, it } from 'vitest';
import { createLogSessions, type LogOrder } from '../../../platform/api/log-sessions.ts';
import { readEvents } from '../../../platform/cli/event-stream.ts';
import { createLogs, type Logs } from '../../../platform/logs/logs.ts';
import { type LineShape, type ShownLines, showLine } from '../../../platform/logs/shown.ts';
import { eventually } from '../../support/wait.ts';
import { temporaryFolder } from '../logs/engine-files.ts';

const order: LogOrder = { appId: 'app', lines: 100, tail: false, format: 'text', filter: {} };
const time = 1_795_000_000_123_456;
const shown = '2026-11-18T11:06:40.123456+00:00';

async function serving(logs: Pick<Logs, 'tail'>, pingMs?: number, now?: () => number) {
  const sessions = createLogSessions(logs, () => true, now, pingMs);
  const server = createServer((request, response) => {
    const secret = request.url!.slice(1);
    sessions.serve(secret, request as Request, response as Response).catch((error) => {
      response.statusCode = 404;
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const get = (secret: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${url}/${secret}`, { headers, method });
  return {
    ...{ sessions, port: hex(url) },
    text: async (one: LogOrder) => (await get(sessions.open(one))).text(),
    get,
    /** Events until one has this text. */
    async events(secret: string, until: string, from?: string) {
      const headers = {
        Accept: 'text/event-stream',
        ...(from === undefined ? {} : { 'Last-Event-ID': from }),
      };
      const response = await get(secret, headers);
      const found: { id: string | undefined; lines: string[] }[] = [];
      for await (const event of readEvents(response.body as unknown as AsyncIterable<Uint8Array>)) {
        found.push(event);
        if (event.lines.some((line) => line.includes(until))) break;
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      sessions.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The port of a URL, as the kernel writes it. */
const hex = (url: string): string => Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');

function shownLine(shape: LineShape, sequence: number, text: string): ShownLines {
  const line = showLine(shape, sequence, { time, source: 'app', process: 'web.1', text });
  return { bytes: new Uint8Array(Buffer.from(line)), time };
}

async function withLines(folder: string, texts: string[]): Promise<Logs & AsyncDisposable> {
  const logs = await createLogs({
    folder,
    budgetBytes: 50 << 20,
    onProblem: (problem) => expect(problem).toBe(''),
  });
  for (const text of texts)
    logs.write('app', {
      source: 'app',
      process: 'web.1',
      text,
      time,
      ...(text === 'two' ? { release: 7 } : {}),
    });
  return { ...logs, [Symbol.asyncDispose]: logs.close };
}

it('text, JSON, and only what was asked for', async () => {
  using folder = temporaryFolder();
  await using logs = await withLines(folder.path, ['one', 'two', 'three "x"']);
  await using served = await serving(logs);
  expect(await served.text(order)).toBe(
    ['one', 'two', 'three "x"'].map((text) => `${shown} app[web.1]: ${text}\n`).join(''),
  );
  expect(await served.text({ ...order, lines: 1 })).toBe(`${shown} app[web.1]: three "x"\n`);
  expect(await served.text({ ...order, lines: 0 })).toBe('');
  expect(await served.text({ ...order, lines: Number.POSITIVE_INFINITY, filter: { text: 'o' } })).toBe(
    `${shown} app[web.1]: one\n${shown} app[web.1]: two\n`,
  );
  const json = await served.text({ ...order, format: 'json', filter: { release: 7 } });
  expect(json).toBe(
    `{"time":"${shown}","source":"app","process":"web.1","release":7,"text":"two","sequence":2}\n`,
  );
});

it('whoever looks at the head alone uses no session up, and holds none', async () => {
  using folder = temporaryFolder();
  await using logs = await withLines(folder.path, ['one']);
  let tails = 0;
  const tail: Logs['tail'] = (...args) => {
    tails += 1;
    return logs.tail(...args);
  };
  await using server = await serving({ tail });
  for (const [at, goesOn] of [false, true].entries()) {
    const secret = server.sessions.open({ ...order, tail: goesOn });
    const head = await server.get(secret, {}, 'HEAD');
    expect(head.status).toBe(200);
    expect(tails).toBe(at);
    const response = await server.get(secret);
    const { value } = await response.body!.getReader().read();
    expect(Buffer.from(value!).toString()).toContain('one');
  }
});

it('whoever looks at the head of a tail that is being read ends it not: it is good for who comes back later', async () => {
  using folder = temporaryFolder();
  await using logs = await withLines(folder.path, ['one']);
  let clock = 0;
  await using server = await serving(logs, undefined, () => clock);
  const secret = server.sessions.open({ ...order, tail: true });
  await (await server.get(secret)).body!.getReader().read();
  expect((await server.get(secret, {}, 'HEAD')).status).toBe(200);
  clock += 3_600_000;
  server.sessions.open(order);
  expect((await server.get(secret, {}, 'HEAD')).status).toBe(200);
});

it('a tail tells its place before its first line, and goes on after it in another session', async () => {
  using folder = temporaryFolder();
  await using logs = await withLines(folder.path, ['one', 'two', 'three']);
  await using served = await serving(logs);
  const tail = { ...order, tail: true };
  const first = await served.events(served.sessions.open({ ...tail, lines: 1 }), 'three');
  expect(first).toEqual([
    { id: '2', lines: [] },
    { id: '3', lines: [`${shown} app[web.1]: three`] },
  ]);
  for (const text of ['four', 'five', 'six'])
    logs.write('app', { source: 'app', process: 'web.1', text, time });
  // The number of lines counts for a beginning only.
  const again = await served.events(served.sessions.open({ ...tail, lines: 0 }), 'six', '3');
  expect(again.map(({ id }) => id)).toEqual(['3', '4', '5', '6']);
});

it('says that a tail fell behind, with the place to go on after', async () => {
  const tail: Logs['tail'] = async function* (_, { shape }) {
    yield shownLine(shape, 5, 'last before');
    yield { missed: 1101, at: 1106 };
  };
  await using served = await serving({ tail });
  const secret = served.sessions.open({ ...order, tail: true });
  expect(await served.events(secret, 'L11')).toEqual([
    { id: '5', lines: [`${shown} app[web.1]: last before`] },
    {
      id: '1106',
      lines: [
        expect.stringMatching(
          /^\S+ twelve\[logs\]: Error L11 \(Tail buffer overflow\) -> This tail session dropped 1101 messages since 2026-11-18T11:06:40.123456\+00:00$/,
        ),
      ],
    },
  ]);
});

it('a reader that stands still is told, to the line, what the budget dropped meanwhile', async () => {
  using folder = temporaryFolder();
  const logs = await createLogs({
    folder: folder.path,
    budgetBytes: 1 << 20,
    onProblem: (problem) => expect(problem).toBe(''),
  });
  try {
    await using served = await serving(logs);
    const write = (text: string): void =>
      logs.write('app', {
        source: 'app',
        process: 'web.1',
        text: `${text} ${randomBytes(300).toString('hex')}`,
      });
    write('first');
    const secret = served.sessions.open({ ...order, tail: true });
    const response = await served.get(secret, { Accept: 'text/event-stream' });
    const events = readEvents(response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const shown: number[] = [];
    let missed = 0;
    const next = async (): Promise<string> => {
      const { id, lines } = (await events.next()).value!;
      const said = / -> This tail session dropped (\d+) messages since /.exec(lines[0] ?? '');
      if (said) missed += Number(said[1]);
      else if (lines[0]) shown.push(Number(id));
      return lines[0] ?? '';
    };
    while (!(await next()).includes(' first ')) {}
    // More than all the buffers on the way and the budget hold.
    for (let part = 0; part < 60; part++) {
      for (let line = 0; line < 1000; line++) write('more');
      await logs.read('app', { lines: 1, filter: {} });
    }
    write('last');
    while (!(await next()).includes(' last ')) {}
    expect(missed).toBeGreaterThan(0);
    expect(shown[0]).toBe(1);
    expect(shown.at(-1)).toBe(60_002);
    expect(shown.length + missed).toBe(60_002);
    expect(new Set(shown).size).toBe(shown.length);
  } finally {
    await logs.close();
  }
});

it.each([
  ['progress', '10%\r50%\r100% done', ['10%', '50%', '100% done']],
  ['an empty line and what looks like a field', 'x\r\rid: 999999999999999\rdata: forged\r', null],
  ['a CR at both ends', '\rx\r', ['', 'x', '']],
  ['separators that only look like line ends', 'a\u2028b\u2029c\x85d\ve', ['a\u2028b\u2029c\x85d\ve']],
])('%s: arrives whole, as one event with its own number', async (_, text, pieces) => {
  using folder = temporaryFolder();
  await using logs = await withLines(folder.path, ['before', text, 'after']);
  await using served = await serving(logs);
  const found = await served.events(served.sessions.open(order), 'never');
  expect(found.map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(found[1]!.lines.join('\r')).toBe(`${shown} app[web.1]: ${text}`);
  if (pieces) expect(found[1]!.lines).toEqual([`${shown} app[web.1]: ${pieces[0]}`, ...pieces.slice(1)]);
  // The same as the field's own rules have it: lines end at CR, LF or both, and only `data` and `id` were sent.
  const accept = { Accept: 'text/event-stream' };
  const wire = await (await served.get(served.sessions.open(order), accept)).text();
  const sent = wire.replace('retry: 1\n\n', '').split(/\r\n|\r|\n/);
  expect(sent.filter((line) => line.startsWith('id:'))).toEqual(['id: 1', 'id: 2', 'id: 3']);
  expect(sent.filter((line) => !/^(id: \d|data: |$)/.test(line))).toEqual([]);
  expect(await served.text(order)).toBe(
    ['before', text, 'after'].map((one) => `${shown} app[web.1]: ${one}\n`).join(''),
  );
  const json = (await served.text({ ...order, format: 'json' })).trimEnd().split('\n');
  expect(json.map((line) => JSON.parse(line).text)).toEqual(['before', text, 'after']);
});

it('a reader that is gone without a word is noticed, though nothing is said to it', async () => {
  using folder = temporaryFolder();
  await using logs = await withLines(folder.path, ['one']);
  await using server = await serving(logs);
  const response = await server.get(server.sessions.open({ ...order, tail: true }));
  await response.body!.getReader().read();
  // What the kernel's timer of our end of the connection waits for: 2 is to ask whether the other is there.
  const timers = (): string[] =>
    readFileSync('/proc/self/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => local.endsWith(`:${server.port}`) && state === '01')
      .map(([, , , , , timer = '']) => timer.slice(0, 2));
  // Until what was sent is acknowledged it waits for that.
  await eventually(timers, (found) => found.join() === '02');
});

it('a reading that fails breaks the stream off, instead of ending it as if that were all', async () => {
  const tail: Logs['tail'] = async function* (_, { shape }) {
    yield shownLine(shape, 5, 'one');
    throw new Error('the disk cannot be read');
  };
  await using served = await serving({ tail });
  await expect(served.text(order)).rejects.toThrow('terminated');
});

it('says which lines of the time that was asked for are not kept any more', async () => {
  const tail: Logs['tail'] = async function* (_, { shape }) {
    yield { missed: 0, at: 7, gone: { others: time, requests: time + 1 } };
    yield shownLine(shape, 8, 'the oldest');
  };
  await using served = await serving({ tail });
  const told = `Dropped for the log's budget: lines of processes and the platform before ${shown}, request lines before ${shown.replace('456+', '457+')}.`;
  const found = await served.events(served.sessions.open({ ...order, tail: true }), 'oldest');
  expect(found).toEqual([
    { id: '7', lines: [expect.stringMatching(/^\S+ twelve\[logs\]: /)] },
    { id: '8', lines: [`${shown} app[web.1]: the oldest`] },
  ]);
  expect(found[0]!.lines[0]!.replace(/^.*?: /, '')).toBe(told);
  const [first] = (await served.text({ ...order, format: 'json' })).split('\n');
  expect(JSON.parse(first!)).toMatchObject({ source: 'twelve', process: 'logs', text: told });
});

it('a tail ends in order once who asked for it may not any more, and its URL is no good then', async () => {
  await using folder = await temporaryFolder();
  await using logs = await withLines(folder.path, ['one']);
  await using server = await serving(logs, 20);
  let may = true;
  let failures = -1;
  const stands = (): boolean => {
    if (failures >= 0 && failures++ < 2) throw new Error('disk I/O error');
    return may;
  };
  const secret = server.sessions.open({ ...order, tail: true, stands });
  const response = await server.get(secret);
  const reader = response.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toContain('one');
  // That it cannot be told for now ends neither the tail nor the server.
  failures = 0;
  await eventually(
    () => failures,
    (asked) => asked >= 4,
  );
  logs.write('app', { source: 'app', process: 'web.1', text: 'two', time });
  expect(new TextDecoder().decode((await reader.read()).value)).toContain('two');
  may = false;
  for (let done = false; !done; ) ({ done } = await reader.read());
  expect((await server.get(secret)).status).toBe(404);
  expect((await server.get(server.sessions.open({ ...order, stands: () => false }))).status).toBe(404);
});
