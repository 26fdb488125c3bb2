// One HTTP exchange with a git client: its body, its end by idleness or loss, and answers in plain text.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { PlatformError } from '../domain/errors.ts';

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Aborted when the connection ended before the answer did. */
  lost: AbortSignal;
}

/** There is no limit on the whole time, since builds and big repositories take what they take; only on silence. */
export function openExchange(request: IncomingMessage, response: ServerResponse, idleMs: number): Exchange {
  const controller = new AbortController();
  response.once('close', () => {
    if (response.writableFinished) return;
    controller.abort(new PlatformError('cancelled', 'The connection to git was lost.'));
  });
  // Late errors of a connection that is gone have nobody to go to; the signal above has told.
  response.on('error', () => {});
  request.on('error', () => {});
  response.setTimeout(idleMs, () => request.socket.destroy());
  return { request, response, lost: controller.signal };
}

/** The request's body, unpacked: git packs the small ones with gzip. */
export function bodyOf({ request }: Exchange, gzip: boolean): Readable {
  if (!gzip) return request;
  const unpacked = createGunzip();
  request.once('close', () => {
    if (!request.complete) unpacked.destroy(new Error('The request was cut off.'));
  });
  return request.pipe(unpacked);
}

export function sendHead({ response }: Exchange, contentType: string): void {
  // X-Accel-Buffering: proxies of the nginx family would keep the build's output back until its end.
  response.writeHead(200, {
    'content-type': contentType,
    'cache-control': 'no-cache, max-age=0, must-revalidate',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
}

/** git shows a refusal's text as `remote: …` when it is plain text. */
export function refuse(
  { response }: Exchange,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache',
    ...headers,
  });
  response.end(`${message}\n`);
}
