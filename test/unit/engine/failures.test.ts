// An engine that is away, breaks off, or refuses: a fake one on a socket of its own.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import type { Engine } from '../../../platform/engine/engine.ts';

const folders: string[] = [];
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twelve-engine-'));
  folders.push(folder);
  return join(folder, 'docker.sock');
}

function engineAt(path: string): Engine {
  const engine = createDockerEngine({ socketPath: path });
  closing.push(() => engine.close());
  return engine;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function fakeEngine(path: string, answer: Answer): Promise<{ breakOff(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer(answer);
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const breakOff = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  closing.push(breakOff);
  return { breakOff };
}

function refusing(status: number, message: string): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ message }));
  };
}

test('no engine: says where it was looked for and what to do', async () => {
  const path = socketPath();
  await expect(engineAt(path).info()).rejects.toMatchObject({
    code: 'engine_unavailable',
    message: expect.stringMatching(/docker\.sock.*TWELVE_ENGINE/),
  });
});

test('a socket nobody listens on is no engine either', async () => {
  const path = socketPath();
  const { breakOff } = await fakeEngine(path, () => {});
  chmodSync(path, 0o600);
  const asked = engineAt(path).list({});
  setTimeout(breakOff, 50);
  await expect(asked).rejects.toMatchObject({ code: 'engine_unavailable' });
  await expect(engineAt(path).list({})).rejects.toMatchObject({ code: 'engine_unavailable' });
});

test.each([
  [404, 'No such container: x', 'not_found'],
  [409, 'name in use', 'conflict'],
  [403, 'Pool overlaps with other one on this address space', 'conflict'],
  [400, 'invalid pool request: Pool overlaps with other one on this address space', 'conflict'],
  [403, 'error while removing network: network n has active endpoints', 'conflict'],
  [500, 'manifest unknown', 'not_found'],
  [500, 'disk full', 'engine_failed'],
] as const)('%i "%s" is %s, in the engine\'s words', async (status, sentence, code) => {
  const path = socketPath();
  await fakeEngine(path, refusing(status, sentence));
  await expect(engineAt(path).inspect('x')).rejects.toMatchObject({
    code,
    message: `Could not look at the container x: ${sentence}`,
  });
});

test('a password for a registry goes in its own header, and is in no message', async () => {
  const path = socketPath();
  const seen: { url: string; auth: string }[] = [];
  await fakeEngine(path, (request, response) => {
    seen.push({ url: request.url ?? '', auth: String(request.headers['x-registry-auth'] ?? '') });
    response.end('{"status":"Pulling"}\n{"errorDetail":{"message":"unauthorized"},"error":"unauthorized"}\n');
  });
  const reference = `127.0.0.1:5000/app@sha256:${'a'.repeat(64)}`;
  const pulled = engineAt(path).pullImage({ reference, auth: { username: 'engine', password: 'secret?>' } });
  await expect(pulled).rejects.toMatchObject({
    code: 'engine_failed',
    message: `Could not pull the image ${reference}: unauthorized`,
  });
  expect(seen).toHaveLength(1);
  expect(new URL(seen[0]!.url, 'http://engine').searchParams.get('fromImage')).toBe(reference);
  expect(seen[0]!.url).not.toContain('secret');
  expect(JSON.parse(Buffer.from(seen[0]!.auth, 'base64url').toString())).toEqual({
    username: 'engine',
    password: 'secret?>',
    serveraddress: '127.0.0.1:5000',
  });
});

test('events go on after the engine was away, with a word about the gap and nothing twice', async () => {
  const path = socketPath();
  const asked: URL[] = [];
  const line = (action: string, timeNano: number): string =>
    `${JSON.stringify({ Type: 'container', Action: action, Actor: { ID: 'c1', Attributes: { name: 'n', mine: 'yes', exitCode: '3' } }, time: 1, timeNano })}\n`;
  const now = Date.now() * 1e6;
  const first = await fakeEngine(path, (request, response) => {
    asked.push(new URL(request.url ?? '', 'http://engine'));
    response.write(line('create', now) + line('start', now + 1e9).slice(0, -5));
    setTimeout(() => response.write(line('start', now + 1e9).slice(-5)), 10);
  });
  const stop = new AbortController();
  const events = engineAt(path).events({ mine: 'yes' }, stop.signal);
  const told: string[] = [];
  for await (const event of events) {
    told.push(event.type === 'container' ? `${event.action} ${event.exitCode}` : event.type);
    if (told.length === 2) {
      first.breakOff();
      await fakeEngine(path, (request, response) => {
        const url = new URL(request.url ?? '', 'http://engine');
        // What it lost is looked for.
        if (url.pathname === '/containers/json') return response.end('[]');
        asked.push(url);
        return response.write(line('start', now + 1e9) + line('die', now + 2e9));
      });
    }
    if (told.length === 5) stop.abort();
  }
  expect(told).toEqual(['create null', 'start null', 'interrupted', 'reconnected', 'die 3']);
  expect(JSON.parse(asked[0]!.searchParams.get('filters')!)).toMatchObject({
    type: ['container'],
    label: ['mine=yes'],
  });
  const since = asked.map((url) => Number(url.searchParams.get('since')));
  expect(since[1]).toBeGreaterThan(since[0]!);
  expect(since[1]).toBeCloseTo((now + 1e9) / 1e9, 3);
});

test('closing ends what is under way', async () => {
  const path = socketPath();
  await fakeEngine(path, () => {});
  const engine = createDockerEngine({ socketPath: path });
  const asked = engine.list({});
  await new Promise((resolve) => setTimeout(resolve, 30));
  engine.close();
  await expect(asked).rejects.toMatchObject({ code: 'engine_unavailable' });
  await expect(engine.list({})).rejects.toMatchObject({ code: 'engine_unavailable' });
});
