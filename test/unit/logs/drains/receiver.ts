// A receiver at a port of its own that can go away in the middle of anything and come back.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';

export interface Receiver extends AsyncDisposable {
  port: number;
  /** As when it is killed: what was not read yet is gone with its connections. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** While it reads nothing. */
  pause(): void;
  resume(): void;
  connections(): number;
  /** Those that are open now. */
  open(): number;
}

export interface ReceiverNeeds {
  tls?: { key: string; cert: string };
  /** A new connection; what it gives takes its bytes. */
  accept(socket: Socket): (bytes: Buffer) => void;
}

export async function startReceiver({ tls, accept }: ReceiverNeeds): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let port = 0;
  let paused = false;
  let accepted = 0;
  const take = (socket: Socket): void => {
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', accept(socket));
    if (paused) socket.pause();
  };
  let server: Server;
  const start = async (): Promise<void> => {
    server = tls ? createSecureServer(tls, take) : createServer(take);
    server.on('tlsClientError', () => {});
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : undefined;
    for (const socket of sockets) tls ? socket.destroy() : socket.resetAndDestroy();
    await closed;
  };
  await start();
  return {
    port,
    start,
    stop,
    pause() {
      paused = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      paused = false;
      for (const socket of sockets) socket.resume();
    },
    connections: () => accepted,
    open: () => sockets.size,
    [Symbol.asyncDispose]: stop,
  };
}
