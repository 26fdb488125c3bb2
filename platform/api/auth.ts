// Who asks: a user whose token came with the request.
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Admission } from '../actions/admission.ts';
import type { Known } from '../actions/context.ts';
import { hasCode, PlatformError } from '../domain/errors.ts';
import { tokenOf } from '../domain/token.ts';

/** Goes with every 401. */
export const challenge = 'Bearer realm="twelve"';

const callers = new WeakMap<Request, Known>();

export function authenticate(admission: Admission): RequestHandler {
  return (request, response, next) => {
    try {
      callers.set(request, admitted(admission, request, String(response.getHeader('Request-Id'))));
    } catch (error) {
      if (hasCode(error, 'unauthorized')) response.setHeader('WWW-Authenticate', challenge);
      throw error;
    }
    next();
  };
}

/** @throws PlatformError `unauthorized`, `rate_limit` */
export function admitted(admission: Admission, request: IncomingMessage, requestId: string | null): Known {
  const token = tokenOf(request.headers.authorization);
  if (token === null) throw nobody();
  return admission.admit(token, { address: addressOf(request), requestId });
}

export function callerOf(request: Request): Known {
  const caller = callers.get(request);
  if (!caller) throw nobody();
  return caller;
}

/** Of the connection: what headers say of it, anybody can write. */
function addressOf(request: IncomingMessage): string | null {
  return request.socket.remoteAddress ?? null;
}

function nobody(): PlatformError {
  return new PlatformError('unauthorized', 'No token was sent. Log in first: twelve login <url>');
}
