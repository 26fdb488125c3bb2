// What is checked before a route sees it: bodies that are text, levels of clients, bytes that are no request.
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';
import express, { type Request } from 'express';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { jsonBody } from '../../../platform/api/body.ts';
import { bodyOf } from '../../../platform/api/input.ts';
import { answerUnreadable, refuseUpgrade } from '../../../platform/api/unreadable.ts';
import { acceptLevel } from '../../../platform/api/wire.ts';
import { apiLevel } from '../../../platform/domain/api-level.ts';

const schema = z.object({ vars: z.record(z.string(), z.string()).optional() });
const read = (body: unknown) => bodyOf({ body } as Request, schema);

test('no body is an empty one; null, text and lists are not', () => {
  expect(read(undefined)).toEqual({});
  for (const body of [null, 'x', [1]])
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'invalid_params' }));
});

test('half a character is refused by the name of its field', () => {
  expect(read({ vars: { SMILE: '\ud83d\ude00' } })).toEqual({ vars: { SMILE: '😀' } });
  expect(() => read({ vars: { SMILE: '\ud83d' } })).toThrow('SMILE is not text');
});

test.each([
  [String(apiLevel + 1), 'too old for this client'],
  ['0', 'too new for this client'],
  ['x', 'too new for this client'],
])('a client of level %s is refused before anything happens', async (level, sentence) => {
  let served = 0;
  await using server = await listening((application) => {
    application.use(acceptLevel, (_request, response) => {
      served++;
      response.end();
    });
    application.use(((error, _request, response, _next) => {
      response.status(406).end((error as Error).message);
    }) satisfies express.ErrorRequestHandler);
  });
  const answer = await fetch(server.url, { headers: { 'Twelve-Api-Level': level } });
  expect(await answer.text()).toContain(sentence);
  expect(served).toBe(0);
  await fetch(server.url, { headers: { 'Twelve-Api-Level': String(apiLevel) } });
  await fetch(server.url);
  expect(served).toBe(2);
});

test('bytes that are no request get the error shape; an answer under way is not spoilt', async () => {
  await using server = await listening((application) => {
    application.get('/', (_request, response) => void response.write('begun'));
  });
  const junk = await said(server.port, 'this is not HTTP\r\n\r\n');
  expect(junk).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(JSON.parse(junk.split('\r\n\r\n')[1]!)).toMatchObject({ id: 'bad_request' });
  expect(
    await said(server.port, `GET / HTTP/1.1\r\nHost: localhost\r\nBig: ${'a'.repeat(20_000)}\r\n\r\n`),
  ).toMatch(/^HTTP\/1\.1 431 .*"id":"headers_too_large"/s);
  const spoilt = await said(
    server.port,
    'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'junk after it\r\n\r\n',
  );
  expect(spoilt).toContain('begun');
  expect(spoilt).not.toContain('bad_request');
});

test('JSON of no end of levels is refused before anybody goes through them', async () => {
  await using server = await listening((application) => {
    application.use(jsonBody({ bytes: 1_048_576, ms: 1000 }), (request, response) => {
      response.json(request.body);
    });
    application.use(((error, _request, response, _next) => {
      response.status(400).json((error as Error).message);
    }) satisfies express.ErrorRequestHandler);
  });
  const ask = async (levels: number): Promise<unknown> => {
    const body = '['.repeat(levels) + ']'.repeat(levels);
    return (await fetch(server.url, { method: 'POST', body })).json();
  };
  expect(await ask(3)).toEqual([[[]]]);
  expect(await ask(500_000)).toContain('nested more than 100 deep');
});

test('who was refused an upgrade and stays is hung up on', () => {
  vi.useFakeTimers();
  const socket = new PassThrough();
  refuseUpgrade(socket, 'GET');
  expect([String(socket.read()).slice(0, 12), socket.destroyed]).toEqual(['HTTP/1.1 404', false]);
  vi.advanceTimersByTime(10_000);
  expect(socket.destroyed).toBe(true);
  vi.useRealTimers();
});

/** Everything a server answers to these parts; each is sent when the one before was answered. */
function said(port: number, ...parts: string[]): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const next = (): void => void (parts.length > 0 && socket.write(parts.shift()!));
    const socket = connect(port, '127.0.0.1', next);
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      next();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

async function listening(make: (application: express.Express) => void) {
  const application = express();
  make(application);
  const server = createServer(application);
  answerUnreadable(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
