// How long a connection may keep us waiting: for a head, for a body, for what it has not read. Streams have no such end.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PlatformError } from '../domain/errors.ts';
import { keepAlive, usualBeatMs } from './beat.ts';
import { refuseWith } from './errors.ts';

export interface Patience {
  /** Until the URL and headers are there. */
  headMs: number;
  /** Until the JSON body of a request is there. */
  bodyMs: number;
  /** Without a byte in either direction, while one waits for the other side. */
  silenceMs: number;
  /** Until the next request on a connection that has been answered. */
  idleMs: number;
  /** After an answer that came before the end of its request, so that it can be read. */
  lingerMs: number;
}

export const usualPatience: Patience = {
  headMs: 60_000,
  bodyMs: 60_000,
  silenceMs: 60_000,
  idleMs: 15_000,
  lingerMs: 5000,
};

/**
 * Who reads it may pause for as long as they like, and the app that it is of may be silent: a tail, a build's output. A
 * machine that went away without a word does not hold it for ever.
 */
export function allowSilence(request: IncomingMessage): void {
  request.socket.setTimeout(0);
  keepAlive(request.socket, usualBeatMs);
}

/** Whoever is slow holds up one socket and nothing else; after a while that is closed. */
export function limitPatience(server: Server, { headMs, silenceMs, idleMs, lingerMs }: Patience): void {
  const underWay = new WeakMap<Socket, { request: IncomingMessage; response: ServerResponse }>();
  const answered = new WeakSet<Socket>();
  server.headersTimeout = headMs;
  server.keepAliveTimeout = idleMs;
  server.on('request', (request, response) => {
    underWay.set(request.socket, { request, response });
    response.once('close', () => {
      answered.add(request.socket);
      // The next one may have begun already.
      if (underWay.get(request.socket)?.response === response) underWay.delete(request.socket);
    });
    // The rest of a body that nobody wants is read and dropped, so that the answer arrives; but not for ever.
    response.once('finish', () => {
      if (!request.complete) setTimeout(() => request.complete || request.socket.destroy(), lingerMs).unref();
    });
  });
  server.setTimeout(silenceMs, (socket: Socket) => {
    const { request, response } = underWay.get(socket) ?? {};
    const idle = !request && answered.has(socket);
    if (idle || socket.writableLength > 0) socket.destroy();
    // Else it is ours to say something, and it takes us longer.
    else if (request && response && !request.complete) giveUp(request, response, silenceMs);
  });
}

function giveUp(request: IncomingMessage, response: ServerResponse, silenceMs: number): void {
  if (response.headersSent) request.socket.destroy();
  else
    refuseWith(
      response,
      new PlatformError(
        'request_timeout',
        `Nothing of the rest of the request came for ${silenceMs / 1000} seconds.`,
      ),
    );
}
