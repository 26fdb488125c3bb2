// An https server at a port of its own that a test's checker answers for, and that can go away in mid-request.
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface HttpAsked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface HttpReceiver extends AsyncDisposable {
  port: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** @param answer what it gives is sent, unless the connection is gone by then; null: nothing is, and the connection ends */
export async function startHttpReceiver(
  tls: { key: string; cert: string },
  answer: (asked: HttpAsked) => { status: number; body?: unknown } | null,
): Promise<HttpReceiver> {
  const sockets = new Set<Socket>();
  let server: Server;
  let port = 0;
  const start = async (): Promise<void> => {
    server = createServer(tls, async (request, response) => {
      const parts: Buffer[] = [];
      try {
        for await (const part of request) parts.push(part as Buffer);
      } catch {
        return;
      }
      const { method = '', url: path = '', headers } = request;
      const given = answer({ method, path, headers, body: Buffer.concat(parts) });
      if (!given) return void request.socket.destroy();
      response.writeHead(given.status, { 'Content-Type': 'application/json' });
      response.end(given.body === undefined ? '' : JSON.stringify(given.body));
    });
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : undefined;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await start();
  return { port, start, stop, [Symbol.asyncDispose]: stop };
}
