// What never becomes a request: bytes that are not HTTP, heads that are too large, upgrades to nothing. The error shape all the same.
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PlatformError } from '../domain/errors.ts';
import { bodyOf, statusOf } from './errors.ts';

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
    else refuse(socket, answerTo(error.code ?? ''));
  });
}

/** Who was refused may read why for so long, and then is hung up on whether they end their side or not. */
const lingerMs = 5000;

const nothingHere = 'There is nothing here to connect to, or not any more. Ask for it anew.';

export function refuseUpgrade(socket: Duplex, method: string | undefined, message = nothingHere): void {
  refuse(socket, new PlatformError('not_found', message), method !== 'HEAD');
}

/** It may be tried again. */
export function refuseForNow(socket: Duplex, method: string | undefined, message: string): void {
  refuse(socket, new PlatformError('service_unavailable', message), method !== 'HEAD');
}

/** From a page or under a name that is not ours, or by who may not any more. */
export function refuseForbidden(socket: Duplex, method: string | undefined, message: string): void {
  refuse(socket, new PlatformError('forbidden', message), method !== 'HEAD');
}

/** @param why the handshake is none */
export function refuseHandshake(socket: Duplex, method: string | undefined, why: string): void {
  const error = new PlatformError('bad_request', `This is not a WebSocket handshake: ${why}.`);
  refuse(socket, error, method !== 'HEAD');
}

function answerTo(code: string): PlatformError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new PlatformError(
      'headers_too_large',
      'The URL and headers of the request are larger than 16 KB.',
    );
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new PlatformError('request_timeout', 'The head of the request did not come in time.');
  return new PlatformError('bad_request', 'This is not an HTTP request that can be read.');
}

function refuse(socket: Duplex, error: PlatformError, withBody = true): void {
  setTimeout(() => socket.destroy(), lingerMs).unref();
  const status = statusOf[error.code];
  const body = JSON.stringify(bodyOf(error));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      withBody ? body : '',
    ].join('\r\n'),
  );
}
