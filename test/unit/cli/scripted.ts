// A small API that answers as a test says, and a run of the command line against it inside this process.
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import type { KeyPair } from '../../../platform/certificates/authority.ts';
import type { World } from '../../../platform/cli/command.ts';
import { dispatch } from '../../../platform/cli/dispatch.ts';
import { readEnvironment } from '../../../platform/cli/environment.ts';

export interface Asked {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

type Handler = (asked: Asked, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>;

/** Routes are `GET /apps`; a query is not part of them. @param tls over https, with this certificate @param wanted its port; any free one with 0 */
export async function scriptedApi(routes: Record<string, Handler | Answer>, tls?: KeyPair, wanted = 0) {
  const asked: Asked[] = [];
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const part of request) text += String(part);
    const path = request.url ?? '';
    const one = {
      method: request.method ?? '',
      path,
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
    };
    asked.push(one);
    const route = routes[`${one.method} ${path.split('?')[0]}`];
    const missing: Answer = {
      status: 404,
      body: { id: 'not_found', message: `No route ${one.method} ${path}` },
    };
    const answer = typeof route === 'function' ? await route(one, response) : (route ?? missing);
    if (!answer || response.destroyed) return;
    response.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json', ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
  };
  let server = await listen(listener, wanted, tls);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http${tls ? 's' : ''}://127.0.0.1:${port}`,
    asked,
    server: () => server,
    /** As when the server is stopped: nothing listens, connections end. */
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    async start() {
      server = await listen(listener, port, tls);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port: number,
  tls: KeyPair | undefined,
): Promise<Server> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => void listener(request, response);
  const server = tls
    ? createTlsServer({ cert: tls.chain, key: tls.key }, onRequest)
    : createServer(onRequest);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export interface RunOptions {
  url?: string;
  token?: string | null;
  env?: Record<string, string>;
  cwd?: string;
  /** Both a terminal? */
  terminal?: boolean;
}

/** Starts a command; `ended` has its exit status, `out` and `err` what it printed so far. */
export function start(argv: readonly string[], options: RunOptions = {}) {
  const signals = new EventEmitter();
  const stdout = sink(options.terminal);
  const stderr = sink(options.terminal);
  const stdin = Object.assign(new PassThrough(), {
    isTTY: options.terminal === true,
    rawModes: [] as boolean[],
    setRawMode(on: boolean) {
      this.rawModes.push(on);
      return this;
    },
  });
  const world: World = {
    env: readEnvironment({
      XDG_CONFIG_HOME: '/nowhere',
      TERM: 'xterm',
      ...(options.url ? { TWELVE_URL: options.url } : {}),
      ...(options.token === null ? {} : { TWELVE_TOKEN: options.token ?? 'secret-token' }),
      ...options.env,
    }),
    cwd: options.cwd ?? tmpdir(),
    stdin: stdin as unknown as ReadStream,
    stdout: stdout as unknown as WriteStream,
    stderr: stderr as unknown as WriteStream,
    signals,
  };
  const ended = dispatch(argv, world);
  return {
    ended,
    signals,
    stdin,
    stdout,
    stderr,
    out: () => stdout.text(),
    err: () => stderr.text(),
    async until(what: () => boolean) {
      while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

/** The whole of it: a command without input, to its end. */
export async function twelve(
  argv: readonly string[],
  options: RunOptions & { input?: string } = {},
): Promise<{ status: number; out: string; err: string }> {
  const run = start(argv, options);
  if (!options.terminal) run.stdin.end(options.input ?? '');
  const status = await run.ended;
  return { status, out: run.out(), err: run.err() };
}

function sink(terminal = false) {
  let text = '';
  const stream = new Writable({
    write(part: Buffer, _encoding, done) {
      text += part.toString('utf8');
      done();
    },
  });
  return Object.assign(stream, { isTTY: terminal, columns: 100, rows: 30, text: () => text });
}

export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'twelve-cli-'));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** A release as the API tells it. */
export function release(version: number, more: Record<string, unknown> = {}) {
  return {
    id: `id-${version}`,
    version,
    description: `Change ${version}`,
    status: 'succeeded',
    current: false,
    created_at: '2026-11-23T04:00:00Z',
    user: { email: 'admin@localhost' },
    slug: { id: `slug-${version}` },
    eligible_for_rollback: true,
    reason: null,
    serves: version,
    ...more,
  };
}
