// Who asks: a user whose token came with the request.
import type { Request, RequestHandler } from 'express';
import type { Admission } from '../actions/admission.ts';
import type { Known } from '../actions/context.ts';
import { hasCode, PlatformError } from '../domain/errors.ts';
import { tokenOf } from '../domain/token.ts';

const callers = new WeakMap<Request, Known>();

export function authenticate(admission: Admission): RequestHandler {
  return (request, response, next) => {
    const token = tokenOf(request.headers.authorization);
    try {
      if (token === null) throw nobody();
      const requestId = String(response.getHeader('Request-Id'));
      callers.set(request, admission.admit(token, { address: addressOf(request), requestId }));
    } catch (error) {
      if (hasCode(error, 'unauthorized')) response.setHeader('WWW-Authenticate', 'Bearer realm="twelve"');
      throw error;
    }
    next();
  };
}

export function callerOf(request: Request): Known {
  const caller = callers.get(request);
  if (!caller) throw nobody();
  return caller;
}

/** Of the connection: what headers say of it, anybody can write. */
function addressOf(request: Request): string | null {
  return request.socket.remoteAddress ?? null;
}

function nobody(): PlatformError {
  return new PlatformError('unauthorized', 'No token was sent. Log in first: twelve login <url>');
}
