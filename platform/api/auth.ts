// Who asks: Bearer token, or Basic with the token as password (git, older clients).
import type { Request, RequestHandler } from 'express';
import type { Caller } from '../actions/context.ts';
import { PlatformError } from '../domain/errors.ts';
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

/** The token in an Authorization header, of either form. */
export function tokenOf(header: string | undefined): string | undefined {
  const match = /^(Bearer|Basic)\s+(\S+)$/i.exec(header ?? '');
  if (!match) return undefined;
  if (match[1]!.toLowerCase() === 'bearer') return match[2];
  const decoded = Buffer.from(match[2]!, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : decoded.slice(colon + 1) || undefined;
}
