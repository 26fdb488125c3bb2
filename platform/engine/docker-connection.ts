// One connection to a Docker Engine's socket: answers, streams, two-way streams, and one way of failing.
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { PlatformError } from '../domain/errors.ts';
import { createDockerClient, type DockerClient } from './docker-client.ts';
import { toPlatformError } from './docker-errors.ts';
import { type EngineSocket, send, upgrade as upgradeRequest } from './docker-http.ts';

export interface DockerConnection {
  docker: DockerClient;
  /** Runs a request; what it throws becomes a PlatformError that says what was being done. */
  call<T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** A request whose answer is a stream; resolves once the engine has sent its headers. */
  open(doing: string, stream: StreamRequest): Promise<Readable>;
  /** A POST that turns into a raw two-way socket. */
  upgrade(doing: string, path: string, query: Record<string, string>, body?: object): Promise<Socket>;
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
  const to: EngineSocket = { socketPath, agent };
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

  const open: DockerConnection['open'] = (doing, stream) =>
    call(doing, () => send(to, stream), stream.signal);

  const upgrade: DockerConnection['upgrade'] = (doing, path, query, body) =>
    call(doing, async () => {
      const socket = await upgradeRequest(to, { path, query, ...(body ? { body } : {}) });
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      return socket;
    });

  return {
    docker: createDockerClient(to),
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
