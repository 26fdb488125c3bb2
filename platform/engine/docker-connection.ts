// One connection to a Docker Engine's socket: dockerode for answers, a raw upgrade for two-way streams, one way of failing.
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import { PlatformError } from '../domain/errors.ts';
import { type DockerFailure, toPlatformError } from './docker-errors.ts';

export interface DockerConnection {
  docker: Docker;
  /** Runs a request; what it throws becomes a PlatformError that says what was being done. */
  call<T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** A request whose answer is a stream; resolves once the engine has sent its headers. */
  open(doing: string, stream: StreamRequest): Promise<Readable>;
  /** A POST that turns into a raw two-way socket. */
  upgrade(doing: string, path: string, query: Record<string, string>): Promise<Socket>;
  /** Containers that were asked to start since the engine last broke off: of these it knows. */
  readonly started: Set<string>;
  /** Aborted by `close`. */
  readonly closing: AbortSignal;
  close(): void;
}

export interface StreamRequest {
  method: 'GET' | 'POST';
  /** `/events` */
  path: string;
  query: Record<string, string>;
  signal?: AbortSignal;
}

// Paths carry no version, so an engine answers in its own newest dialect: any fixed one is too new for 20.10 or too old for 29.
export function connectDocker(socketPath: string): DockerConnection {
  // No kept-alive sockets: a unix socket opens in microseconds, and an idle one would fail after an engine restart.
  const agent = new Agent({ keepAlive: false });
  // `host: undefined` keeps dockerode from following DOCKER_HOST to another engine than the one configured.
  const options = { socketPath, agent, host: undefined, protocol: 'http' as const };
  const docker = new Docker(options);
  const upgraded = new Set<Socket>();
  const life = new AbortController();

  const call = async <T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    if (life.signal.aborted) {
      throw new PlatformError('engine_unavailable', 'The connection to the engine was closed.');
    }
    try {
      signal?.throwIfAborted();
      return await work();
    } catch (error) {
      throw toPlatformError(doing, error, { socketPath, ...(signal ? { signal } : {}) });
    }
  };

  const open: DockerConnection['open'] = (doing, { method, path, query, signal }) =>
    call(doing, () => dial(docker, { method, path, query, ...(signal ? { signal } : {}) }), signal);

  const upgrade: DockerConnection['upgrade'] = (doing, path, query) =>
    call(doing, async () => {
      const socket = await upgradeRequest({ socketPath, agent, path, query });
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      return socket;
    });

  return {
    docker,
    call,
    open,
    upgrade,
    started: new Set(),
    closing: life.signal,
    close() {
      life.abort();
      agent.destroy();
      for (const socket of upgraded) socket.destroy();
    },
  };
}

function dial(docker: Docker, { method, path, query, signal }: StreamRequest): Promise<Readable> {
  const options = {
    path: `${path}?`,
    method,
    options: { _query: query, _body: {} },
    isStream: true,
    statusCodes: { 200: true },
    ...(signal ? { abortSignal: signal } : {}),
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(options, (error: unknown, answer: unknown) =>
      error ? reject(error) : resolve(answer as Readable),
    );
  });
}

/** Without a body: dockerode sends one, which can end up in the container's stdin. */
function upgradeRequest(to: {
  socketPath: string;
  agent: Agent;
  path: string;
  query: Record<string, string>;
}): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: to.socketPath,
      agent: to.agent,
      method: 'POST',
      path: `${to.path}?${new URLSearchParams(to.query)}`,
      headers: { Host: 'docker', Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': '0' },
    });
    outgoing.once('error', reject);
    outgoing.once('upgrade', (_answer, socket: Socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    outgoing.once('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => reject(refusal(answer.statusCode ?? 0, Buffer.concat(chunks).toString())));
    });
    outgoing.end();
  });
}

function refusal(statusCode: number, body: string): DockerFailure {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = { message: body };
  }
  return Object.assign(new Error(`the engine answered ${statusCode}`), { statusCode, json });
}
