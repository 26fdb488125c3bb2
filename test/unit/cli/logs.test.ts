import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { readEvents } from '../../../platform/cli/event-stream.ts';
import { colorLine } from '../../../platform/cli/log-color.ts';
import { scriptedApi, start, twelve } from './scripted.ts';

const line = (number: number): string => `2026-11-23T04:00:00.000000+00:00 app[web.1]: line ${number}`;
const event = (number: number): string => `id: ${number}\ndata: ${line(number)}\n\n`;

function stream(response: ServerResponse, text: string): void {
  if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write(text);
}

it('asks for the lines it was told to and prints them', async () => {
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () => ({ status: 201, body: { logplex_url: `${api.url}/logs/s1` } }),
    'GET /logs/s1': (_, response) => {
      stream(response, `retry: 1\n\n: ping\n\n${event(1)}${event(2)}data: ${line(3)}\n\n`);
      response.end();
      return undefined;
    },
  });
  const argv = ['logs', '-n', '20', '-p', 'web', '--source', 'app', '-a', 'hello'];
  const { status, out } = await twelve(argv, { url: api.url });
  expect({ status, out }).toEqual({ status: 0, out: [1, 2, 3].map((one) => `${line(one)}\n`).join('') });
  expect(api.asked[0]!.body).toEqual({ lines: 20, tail: false, source: 'app', dyno: 'web' });
  expect(api.asked[1]!.headers).toMatchObject({ accept: 'text/event-stream' });
  expect(api.asked[1]!.headers.authorization).toBeUndefined();
});

it.each([
  [false, `${line(1)}\r50%\r\rid: 99\r\n${line(2)}\n`],
  [true, `${line(1)}\n    50%\n    id: 99\n${line(2)}\n`],
])(
  'shows a line with CRs whole, as it was printed or (terminal: %s) broken there',
  async (terminal, shown) => {
    await using api = await scriptedApi({
      'POST /apps/hello/log-sessions': () => ({ status: 201, body: { logplex_url: `${api.url}/logs/s1` } }),
      'GET /logs/s1': (_, response) => {
        stream(response, `id: 1\ndata: ${line(1)}\ndata: 50%\ndata: \ndata: id: 99\ndata: \n\n${event(2)}`);
        response.end();
        return undefined;
      },
    });
    const env = { NO_COLOR: '1' };
    const { status, out } = await twelve(['logs', '-a', 'hello'], { url: api.url, terminal, env });
    expect({ status, out }).toEqual({ status: 0, out: shown });
  },
);

it('passes on which lines are wanted, as they were written', async () => {
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () => ({ status: 201, body: { logplex_url: `${api.url}/logs/s1` } }),
    'GET /logs/s1': (_, response) => {
      stream(response, `id: 7\n\nid: 8\ndata: {"text":"x"}\n\n`);
      response.end();
      return undefined;
    },
  });
  const flags = [
    '--since',
    '10m',
    '--until',
    '1m',
    '--release',
    'v12',
    '--grep',
    'a b',
    '-p',
    'web.1',
    '--json',
  ];
  const { status, out } = await twelve(['logs', '-a', 'hello', ...flags], { url: api.url, terminal: true });
  expect({ status, out }).toEqual({ status: 0, out: '{"text":"x"}\n' });
  expect(api.asked[0]!.body).toEqual({
    tail: false,
    dyno: 'web.1',
    since: '10m',
    until: '1m',
    release: 'v12',
    grep: 'a b',
    format: 'json',
  });
});

it.each([
  [['--since', 'soon'], '"soon" is not a time: give how long ago (30s, 10m'],
  [['--until', '25:00'], '"25:00" is not a time'],
  [['--since', '1m', '--until', '1h'], '"1m" is later than "1h"'],
  [['--source', 'web'], 'There is no log source "web". Sources: app, twelve.'],
  [['--process', 'web 1'], '"web 1" is not the name of a process'],
  [['--release', 'newest'], '"newest" is not a release: give one such as v12.'],
  [['--grep', ''], 'The option --grep is empty.'],
  [['--tail', '--until', '1m'], 'A tail has no end: leave out either --tail or --until.'],
  [['-n', '-5'], '-n'],
  [['-n', '1.5'], '-n takes a whole number from 0, such as -n 500.'],
  [['-n', ''], 'The option --num is empty.'],
])('refuses %j before it asks the server', async (flags, sentence) => {
  await using api = await scriptedApi({});
  const { status, out, err } = await twelve(['logs', '-a', 'hello', ...flags], { url: api.url });
  expect(err.replace(/\n ! {5}/g, ' ')).toContain(sentence);
  expect({ status, out, asked: api.asked }).toEqual({ status: 2, out: '', asked: [] });
});

it.each([
  [{ terminal: true }, true],
  [{ terminal: true, env: { NO_COLOR: '1' } }, false],
  [{ terminal: true, env: { TERM: 'dumb' } }, false],
  [{ terminal: false }, false],
])('colours on a terminal that wants it: %j', async (options, coloured) => {
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () => ({ status: 201, body: { logplex_url: `${api.url}/logs/s1` } }),
    'GET /logs/s1': (_, response) => {
      stream(response, event(1));
      response.end();
      return undefined;
    },
  });
  const { out } = await twelve(['logs', '-a', 'hello'], { url: api.url, ...options });
  expect(out).toBe(`${coloured ? colorLine(line(1)) : line(1)}\n`);
  expect(out.includes('\x1b[')).toBe(coloured);
});

it('a tail that has shown nothing yet goes on where it was, not so long ago from now', async () => {
  let session = 0;
  const told: (string | undefined)[] = [];
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () => ({
      status: 201,
      body: { logplex_url: `${api.url}/logs/s${++session}` },
    }),
    'GET /logs/s1': (asked, response) => {
      told.push(asked.headers['last-event-id'] as string | undefined);
      if (told.length > 1) return { status: 404 };
      stream(response, 'id: 40\n\n');
      setTimeout(() => response.destroy(), 20);
      return undefined;
    },
    'GET /logs/s2': (asked, response) => {
      told.push(asked.headers['last-event-id'] as string | undefined);
      stream(response, event(41));
      return undefined;
    },
  });
  const run = start(['logs', '-t', '--since', '5m', '--grep', 'line', '-a', 'hello'], { url: api.url });
  await run.until(() => run.out().includes('line 41'));
  expect(told.at(-1)).toBe('40');
  const orders = api.asked.filter(({ method }) => method === 'POST').map(({ body }) => body);
  expect(orders[0]).toEqual({ tail: true, since: '5m', grep: 'line' });
  expect(orders.at(-1)).toEqual({ tail: true, lines: 0, grep: 'line' });
  run.signals.emit('SIGINT');
  expect(await run.ended).toBe(130);
});

it('goes on over a restart of the server without a gap or a repeat, saying so once', async () => {
  let session = 0;
  const told: (string | undefined)[] = [];
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () => ({
      status: 201,
      body: { logplex_url: `${api.url}/logs/s${++session}` },
    }),
    'GET /logs/s1': (asked, response) => {
      told.push(asked.headers['last-event-id'] as string | undefined);
      if (session === 1 && told.length > 1) return { status: 404 };
      // The third event is cut in the middle: it must come again, whole.
      stream(response, event(1) + event(2) + event(3).slice(0, 30));
      return undefined;
    },
    'GET /logs/s2': (asked, response) => {
      told.push(asked.headers['last-event-id'] as string | undefined);
      stream(response, event(2) + event(3) + event(4));
      return undefined;
    },
  });
  const run = start(['logs', '--tail', '-a', 'hello'], { url: api.url });
  await run.until(() => run.out().includes('line 2'));
  await api.stop();
  await run.until(() => run.err() !== '');
  await api.start();
  await run.until(() => run.out().includes('line 4'));
  expect(run.out()).toBe([1, 2, 3, 4].map((one) => `${line(one)}\n`).join(''));
  expect(run.err()).toBe('The log stream broke off. Connecting again.\n');
  expect(told[0]).toBeUndefined();
  expect(told.at(-1)).toBe('2');
  run.signals.emit('SIGINT');
  expect(await run.ended).toBe(130);
});

it('reconnects in silence when the server ends a tail in order, to a new session if the old one is forgotten', async () => {
  let session = 0;
  const told: string[] = [];
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () => ({
      status: 201,
      body: { logplex_url: `${api.url}/logs/s${++session}` },
    }),
    'GET /logs/s1': (asked, response) => {
      told.push(`s1 ${asked.headers['last-event-id']}`);
      if (told.length > 2) return { status: 404 };
      stream(response, event(told.length));
      response.end();
      return undefined;
    },
    'GET /logs/s2': (asked, response) => {
      told.push(`s2 ${asked.headers['last-event-id']}`);
      stream(response, event(2) + event(3));
      return undefined;
    },
  });
  const run = start(['logs', '-t', '-a', 'hello'], { url: api.url });
  await run.until(() => run.out().includes('line 3'));
  expect(told).toEqual(['s1 undefined', 's1 1', 's1 2', 's2 2']);
  expect(run.out()).toBe([1, 2, 3].map((one) => `${line(one)}\n`).join(''));
  expect(run.err()).toBe('');
  run.signals.emit('SIGINT');
  expect(await run.ended).toBe(130);
});

it('goes on from where the log begins anew, as after a restore, and says so', async () => {
  let asks = 0;
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () => ({ status: 201, body: { logplex_url: `${api.url}/logs/s1` } }),
    'GET /logs/s1': (_, response) => {
      stream(response, asks++ === 0 ? event(40) : `id: 3\n\n${event(4)}`);
      if (asks === 1) setTimeout(() => response.end(), 20);
      return undefined;
    },
  });
  const run = start(['logs', '--tail', '-a', 'hello'], { url: api.url });
  await run.until(() => run.out().includes('line 4\n'));
  expect(run.out()).toBe(`${line(40)}\n${line(4)}\n`);
  expect(run.err()).toContain('The log begins anew here');
  run.signals.emit('SIGINT');
  expect(await run.ended).toBe(130);
});

it('ends a tail when the app is gone', async () => {
  let sessions = 0;
  await using api = await scriptedApi({
    'POST /apps/hello/log-sessions': () =>
      sessions++ === 0
        ? { status: 201, body: { logplex_url: `${api.url}/logs/s1` } }
        : { status: 404, body: { id: 'not_found', message: 'There is no app "hello".' } },
    'GET /logs/s1': (_, response) => {
      stream(response, event(1));
      setTimeout(() => response.destroy(), 20);
      return undefined;
    },
  });
  const { status, err } = await twelve(['logs', '--tail', '-a', 'hello'], { url: api.url });
  expect(status).toBe(1);
  expect(err).toContain('There is no app "hello".');
});

it('reads events however they are cut', async () => {
  const bytes = Buffer.from(
    'id: 1\r\ndata: grüße\r\n\r\ndata:x\ndata: y\n\n: ping\n\nid: 9\ndata: never ended\n',
  );
  async function* pieces(length: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
  }
  for (const length of [1, 2, 3, 7, 1000]) {
    const events = [];
    for await (const one of readEvents(pieces(length))) events.push(one);
    expect(events).toEqual([
      { id: '1', lines: ['grüße'] },
      { id: undefined, lines: ['x', 'y'] },
    ]);
  }
});

it('gives each process a colour of its own and leaves what it said alone', () => {
  const of = (process: string): string => colorLine(`2026-11-23T04:00:00.1+00:00 app[${process}]: a\x1b[1mb`);
  expect(of('web.1').split('\x1b')).toEqual([
    '',
    expect.stringMatching(/^\[\d+m2026\S+ app\[web\.1\]:$/),
    '[39m a',
    '[1mb',
  ]);
  expect(of('web.1').slice(0, 5)).not.toBe(of('web.2').slice(0, 5));
  expect(of('router')).toContain('\x1b[90m');
  expect(colorLine('no log line')).toBe('no log line');
});
