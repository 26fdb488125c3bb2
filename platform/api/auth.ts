// Who asks: a user whose token came with the request.
import type { Request, RequestHandler } from 'express';
import type { Caller } from '../actions/context.ts';
import { PlatformError } from '../domain/errors.ts';
import { tokenOf } from '../domain/token.ts';
import type { Store } from '../store/store.ts';

const callers = new WeakMap<Request, Caller>();

export function authenticate(store: Store): RequestHandler {
  return (request, response, next) => {
    const token = tokenOf(request.headers.authorization);
    const user = token ? store.users.byToken(token) : undefined;
    if (!user) {
      response.setHeader('WWW-Authenticate', 'Bearer realm="twelve"');
      throw new PlatformError(
        'unauthorized',
        token
          ? 'This token is not valid. Log in again: twelve login <url>'
          : 'No token was sent. Log in first: twelve login <url>',
      );
    }
    callers.set(request, { user });
    next();
  };
}

export function callerOf(request: Request): Caller {
  const caller = callers.get(request);
  if (!caller) throw new PlatformError('unauthorized', 'No token was sent. Log in first: twelve login <url>');
  return caller;
}
