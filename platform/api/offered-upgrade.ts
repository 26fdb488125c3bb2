// Clients that offer HTTP/2 with a request over plain HTTP (h2c), as Java's do with each: it is answered as if they did not.
import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const lingerMs = 5000;

/**
 * Not a WebSocket's, which has no answer but that. Node gives us no body of such a request: one that has any is refused as an
 * upgrade to nothing.
 */
export function isOfferAlone({ headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  return headers.upgrade?.toLowerCase() !== 'websocket' && !hasBody;
}

/** Node has given the connection away: it ends with the answer. */
export function serveAsItIs(server: Server, request: IncomingMessage, socket: Socket): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => {
    socket.end();
    // Whether they end their side or not.
    setTimeout(() => socket.destroy(), lingerMs).unref();
  });
  server.emit('request', request, response);
}
