// Receivers whose answer has no end: neither a drain nor the thread of the logs waits for it.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { parseDrainUrl } from '../../../../platform/domain/log-drain.ts';
import { createPoster } from '../../../../platform/logs/drains/poster.ts';

const never = new AbortController().signal;
const long = { silentMs: 600_000, wholeMs: 600_000 };

async function createStage(answer: (response: ServerResponse) => void, patience: typeof long) {
  const ended: Promise<unknown>[] = [];
  const server = createServer((request, response) => {
    request.resume();
    ended.push(once(response, 'close'));
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const poster = createPoster(
    parseDrainUrl('https://logs.example/in'),
    {
      async socket() {
        const socket = connect({ port, host: '127.0.0.1' });
        await once(socket, 'connect');
        return socket;
      },
      resolve: () => Promise.reject(new Error('not here')),
    },
    patience,
  );
  return {
    ended,
    post: () => poster.post('/in', {}, Buffer.from('hello'), never),
    [Symbol.dispose]() {
      poster.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A byte at a time, so that it is never silent for long. */
function trickle(response: ServerResponse): void {
  response.writeHead(200);
  response.write('begun');
  const more = setInterval(() => response.write('.'), 20);
  response.on('close', () => clearInterval(more));
}

it('takes the status for the answer when its text comes a byte at a time, for ever', async () => {
  using stage = await createStage(trickle, { silentMs: 600_000, wholeMs: 1000 });
  expect(await stage.post()).toMatchObject({ status: 200, text: expect.stringMatching(/^begun\.*$/) });
  // The connection is given up.
  await stage.ended[0];
});

it('gives up a request that gets no answer at all', async () => {
  using stage = await createStage(() => {}, { silentMs: 600_000, wholeMs: 200 });
  await expect(stage.post()).rejects.toThrow('The receiver did not answer within 0.2 s.');
  await stage.ended[0];
});

it('reads no more of an answer than it uses', async () => {
  const part = Buffer.alloc(64 * 1024, 'x');
  let open = true;
  using stage = await createStage((response) => {
    response.on('close', () => {
      open = false;
    });
    response.writeHead(503);
    const more = (): void => {
      while (open && response.write(part));
      if (open) response.once('drain', more);
    };
    more();
  }, long);
  const { status, text } = await stage.post();
  expect(status).toBe(503);
  expect(text).toHaveLength(64 * 1024);
  await stage.ended[0];
});

it('keeps the connection, and no time limit, after an answer that ends', async () => {
  using stage = await createStage((response) => response.end('ok'), { silentMs: 600_000, wholeMs: 600_000 });
  for (let i = 0; i < 20; i++) expect(await stage.post()).toEqual({ status: 200, text: 'ok' });
  const timers = process.getActiveResourcesInfo().filter((what) => what === 'Timeout');
  expect(timers.length).toBeLessThan(20);
});

it('says in words that the connection ended before there was an answer, or that it is none', async () => {
  using mute = await createStage((response) => response.destroy(), long);
  await expect(mute.post()).rejects.toThrow('The receiver has not answered (socket hang up).');
  using other = await createStage((response) => response.socket!.end('SSH-2.0-OpenSSH_9.2\r\n'), long);
  await expect(other.post()).rejects.toThrow(/^What the receiver answers is no HTTP \(.*\)\.$/);
  using half = await createStage((response) => {
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('half of it', () => response.destroy());
  }, long);
  await expect(half.post()).rejects.toThrow(/^The receiver has not answered \(.*\)\.$/);
});

it('ends a request that waits for its connection when it is closed, by the reason of that', async () => {
  const poster = createPoster(parseDrainUrl('https://logs.example/in'), {
    socket: (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    resolve: () => Promise.reject(new Error('not here')),
  });
  const posted = expect(poster.post('/in', {}, Buffer.from('hello'), never)).rejects.toMatchObject({
    name: 'AbortError',
  });
  poster.close();
  await posted;
});
