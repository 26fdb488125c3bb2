// What never becomes a request: bytes that are not HTTP, heads that are too large, upgrades to nothing. The error shape all the same.
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Node's own answers to these have no body. */
export function answerUnreadable(server: Server): void {
  // Words of ours in the middle of an answer would spoil that answer.
  const answering = new WeakSet<Duplex>();
  server.on('request', (request, response) => {
    answering.add(request.socket);
    response.once('close', () => answering.delete(request.socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || answering.has(socket) || error.code === 'ECONNRESET') socket.destroy();
    else refuse(socket, ...answerTo(error.code ?? ''));
  });
}

const nothingHere = 'There is nothing here to connect to, or not any more. Ask for it anew.';

export function refuseUpgrade(socket: Duplex, message = nothingHere): void {
  refuse(socket, 404, 'not_found', message);
}

/** It may be tried again. */
export function refuseForNow(socket: Duplex, message: string): void {
  refuse(socket, 503, 'service_unavailable', message);
}

/** From a page or under a name that is not ours. */
export function refuseName(socket: Duplex, message: string): void {
  refuse(socket, 403, 'forbidden', message);
}

function answerTo(code: string): [status: number, id: string, message: string] {
  if (code === 'HPE_HEADER_OVERFLOW')
    return [431, 'bad_request', 'The URL and headers of the request are larger than 16 KB.'];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return [408, 'bad_request', 'The head of the request did not come within a minute.'];
  return [400, 'bad_request', 'This is not an HTTP request that can be read.'];
}

function refuse(socket: Duplex, status: number, id: string, message: string): void {
  const body = JSON.stringify({ id, message });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
