// Codes → HTTP statuses, and every failure in the one shape of the Platform API.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { type ErrorCode, messageOf, PlatformError } from '../domain/errors.ts';
import type { Log } from '../log.ts';

export const statusOf: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  not_acceptable: 406,
  conflict: 409,
  request_timeout: 408,
  gone: 410,
  request_too_large: 413,
  requested_range_not_satisfiable: 416,
  invalid_params: 422,
  build_failed: 422,
  release_failed: 422,
  rate_limit: 429,
  headers_too_large: 431,
  cancelled: 503,
  engine_unavailable: 503,
  engine_failed: 503,
  service_unavailable: 503,
  internal_server_error: 500,
};

export const noSuchRoute: RequestHandler = (request) => {
  throw nothingAt(request);
};

/** @param why goes on after the address */
export function nothingAt({ method, path }: Request, why = ''): PlatformError {
  return new PlatformError('not_found', `There is nothing at ${method} ${path.slice(0, 100)}${why}.`, {
    resource: 'route',
  });
}

/** Last in the chain. What is not a PlatformError is our fault: it is logged, and its text stays inside. */
export function errorHandler(log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    const error = asPlatformError(thrown);
    if (error.code === 'internal_server_error')
      log.error(
        { error: thrown, path: shownPath(request.path), request: response.getHeader('Request-Id') },
        'request failed',
      );
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const { retryAfter } = error.details;
    if (typeof retryAfter === 'number') response.setHeader('Retry-After', String(retryAfter));
    response.status(statusOf[error.code]).json(bodyOf(error));
  };
}

/** The one shape of a failure. */
export function bodyOf({ code, message, details }: PlatformError): Record<string, string> {
  const { resource } = details;
  return { id: code, message, ...(typeof resource === 'string' ? { resource } : {}) };
}

/** The same where no route, and no Express, has been reached. */
export function refuseWith(
  response: ServerResponse,
  error: PlatformError,
  headers: OutgoingHttpHeaders = {},
): void {
  if (response.writableEnded) return;
  if (!response.headersSent)
    response.writeHead(statusOf[error.code], {
      'Content-Type': 'application/json; charset=utf-8',
      ...headers,
    });
  response.end(JSON.stringify(bodyOf(error)));
}

/** @returns what a client is told of a failure that is ours */
export function failedByUs(): PlatformError {
  return new PlatformError(
    'internal_server_error',
    'The server failed on this request. Its log has more under this Request-Id.',
  );
}

/**
 * A log drain may be asked for by its URL, which has secrets in it; its id and its token are fit to be seen. Of what is read or
 * written by its address alone the last part is the right to do so.
 */
function shownPath(path: string): string {
  return path
    .replace(/(\/log-drains\/).*(?::|%3a).*$/is, '$1***')
    .replace(/^(\/(?:log-sessions|outputs\/[^/]*|sources\/[^/]*)\/).+$/is, '$1***');
}

function asPlatformError(thrown: unknown): PlatformError {
  if (thrown instanceof PlatformError) return thrown;
  // Express's own errors carry a status.
  const { status } = thrown as { status?: number };
  if (status !== undefined && status >= 400 && status < 500)
    return new PlatformError('bad_request', `The request could not be read: ${messageOf(thrown)}`);
  return failedByUs();
}
