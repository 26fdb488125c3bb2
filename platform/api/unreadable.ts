// What never becomes a request: bytes that are not HTTP, heads that are too large, upgrades to nothing. The error shape all the same.
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PlatformError } from '../domain/errors.ts';
import { challenge } from './auth.ts';
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

export function refuseUpgrade(
  socket: Duplex,
  method: string | undefined,
  error = new PlatformError('not_found', nothingHere),
): void {
  refuse(socket, error, method !== 'HEAD');
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
  const { retryAfter } = error.details;
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(error.code === 'unauthorized' ? [`WWW-Authenticate: ${challenge}`] : []),
      ...(typeof retryAfter === 'number' ? [`Retry-After: ${retryAfter}`] : []),
      '',
      withBody ? body : '',
    ].join('\r\n'),
  );
}
