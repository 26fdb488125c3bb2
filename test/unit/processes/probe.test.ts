// One question of a health check, asked of real sockets.
import { getEventListeners } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import type { HealthCheck, Probe } from '../../../platform/domain/health-check.ts';
import { createAsk } from '../../../platform/processes/probe.ts';

const ask = async (
  probe: Probe,
  exec: () => Promise<{ exitCode: number; output: string }> = fail,
  timeout = 1,
) => {
  const check = { probe, timeout } as HealthCheck;
  return createAsk({ exec })(check, { containerId: 'c', address: '127.0.0.1' }, new AbortController().signal);
};
const fail = async (): Promise<never> => {
  throw new Error('nothing should run inside');
};
const http = (
  path: string,
  port: number,
  content = '',
  headers: { name: string; value: string }[] = [],
): Probe => ({
  how: 'http',
  path,
  port,
  content,
  headers,
});

async function listening(handler: RequestListener) {
  const server = createHttpServer(handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('HTTP: 200 to 399 pass, others say what they answered; content and headers count', async () => {
  await using server = await listening((request, response) => {
    response.statusCode = Number(request.url!.slice(1));
    response.end(`host ${request.headers.host}\n\u001b[31mred`);
  });
  const { port } = server;
  expect(await ask(http('/204', port))).toEqual({ ok: true });
  expect(await ask(http('/302', port))).toEqual({ ok: true });
  expect(await ask(http('/503', port))).toEqual({
    ok: false,
    said: `status 503: "host 127.0.0.1:${port} [31mred"`,
  });
  expect(await ask(http('/200', port, 'host me', [{ name: 'Host', value: 'me' }]))).toEqual({ ok: true });
  expect(await ask(http('/200', port, 'pong'))).toMatchObject({
    said: expect.stringContaining('status 200 without "pong" in it'),
  });
});

test('a limit that is no whole number of milliseconds is one; what throws is an answer', async () => {
  await using server = await listening((_request, response) => response.end('ok'));
  expect(await ask(http('/', server.port), fail, 0.2505)).toEqual({ ok: true });
  expect(
    await ask({ how: 'command', command: ['true'] }, async () => ({ exitCode: 0, output: '' }), 0.2505),
  ).toEqual({
    ok: true,
  });
  expect(await ask(http('no path of HTTP \u0000', server.port))).toMatchObject({ ok: false });
});

test('an answer 101 ends the question, and without an address nobody is asked', async () => {
  await using server = await listening(() => undefined);
  const upgrading = createServer((socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    );
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => upgrading.once('listening', resolve));
  expect(await ask(http('/', (upgrading.address() as AddressInfo).port))).toMatchObject({ ok: false });
  upgrading.close();
  const check = { probe: http('/', server.port), timeout: 1 } as HealthCheck;
  const nowhere = { containerId: 'c', address: '' };
  expect(await createAsk({ exec: fail })(check, nowhere, new AbortController().signal)).toEqual({
    ok: false,
    said: 'it has no address',
  });
});

test('silence, an end without an answer, and nothing that listens are told apart', async () => {
  await using silent = await listening(() => undefined);
  expect(await ask(http('/', silent.port), fail, 0.1)).toEqual({ ok: false, said: 'no answer within 0.1 s' });
  await using rude = await listening((request) => request.socket.destroy());
  expect(await ask(http('/', rude.port))).toEqual({ ok: false, said: 'no answer (ECONNRESET)' });
  const gone = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => gone.once('listening', resolve));
  const { port } = gone.address() as AddressInfo;
  expect(await ask({ how: 'listening', port })).toEqual({ ok: true });
  await new Promise((resolve) => gone.close(resolve));
  const refused = { ok: false, said: 'nothing listens there', refused: true };
  expect(await ask({ how: 'listening', port })).toEqual(refused);
  expect(await ask(http('/', port))).toEqual(refused);
});

test('a command passes with status 0, and is ended inside when its time is over', async () => {
  const asked: unknown[] = [];
  const exits =
    (exitCode: number, output = '') =>
    async (...args: unknown[]) => {
      asked.push(args[1]);
      return { exitCode, output };
    };
  expect(await ask({ how: 'command', command: 'bin/alive' }, exits(0))).toEqual({ ok: true });
  expect(await ask({ how: 'command', command: ['bin/alive', '-q'] }, exits(3, 'no\nqueue\n'))).toEqual({
    ok: false,
    said: 'exit status 3: "no queue"',
  });
  expect(await ask({ how: 'command', command: 'x' }, exits(124))).toEqual({
    ok: false,
    said: 'no answer within 1 s',
  });
  expect(asked.slice(0, 2)).toEqual([
    ['timeout', '-k', '1', '1', '/usr/local/lib/twelve/boot', 'bin/alive'],
    ['timeout', '-k', '1', '1', 'bin/alive', '-q'],
  ]);
});

test('nothing of a question stays on the signal of the process, which is asked for as long as it lives', async () => {
  await using server = await listening((_request, response) => void response.end('fine'));
  const life = new AbortController();
  const anys = vi.spyOn(AbortSignal, 'any');
  const asked = createAsk({ exec: async () => ({ exitCode: 0, output: '' }) });
  for (const probe of [http('/', server.port), { how: 'command', command: 'true' } as const]) {
    const check = { probe, timeout: 1 } as HealthCheck;
    expect(await asked(check, { containerId: 'c', address: '127.0.0.1' }, life.signal)).toEqual({ ok: true });
  }
  // Node keeps every signal that was combined of it.
  expect(anys.mock.calls.flat(2)).not.toContain(life.signal);
  expect(getEventListeners(life.signal, 'abort')).toEqual([]);
});
