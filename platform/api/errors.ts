// Codes → HTTP statuses, and every failure in the one shape of the Platform API.
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { type ErrorCode, messageOf, PlatformError } from '../domain/errors.ts';
import type { Log } from '../log.ts';

export const statusOf: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  not_acceptable: 406,
  conflict: 409,
  gone: 410,
  requested_range_not_satisfiable: 416,
  invalid_params: 422,
  build_failed: 422,
  release_failed: 422,
  rate_limit: 429,
  cancelled: 503,
  engine_unavailable: 503,
  engine_failed: 503,
  service_unavailable: 503,
  internal_server_error: 500,
};

export const noSuchRoute: RequestHandler = (request) => {
  throw new PlatformError(
    'not_found',
    `There is nothing at ${request.method} ${request.path.slice(0, 100)}.`,
    { resource: 'route' },
  );
};

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
    const { resource, retryAfter } = error.details;
    if (typeof retryAfter === 'number') response.setHeader('Retry-After', String(retryAfter));
    response.status(statusOf[error.code]).json({
      id: error.code,
      message: error.message,
      ...(typeof resource === 'string' ? { resource } : {}),
    });
  };
}

/** A log drain may be asked for by its URL, which has secrets in it; its id and its token are fit to be seen. */
function shownPath(path: string): string {
  return path.replace(/(\/log-drains\/).*(?::|%3a).*$/is, '$1***');
}

function asPlatformError(thrown: unknown): PlatformError {
  if (thrown instanceof PlatformError) return thrown;
  // express.json's own errors carry a status and a type.
  const { status, type } = thrown as { status?: number; type?: string };
  if (type === 'entity.too.large')
    return new PlatformError('bad_request', 'The request body is larger than 1 MB.');
  if (status !== undefined && status >= 400 && status < 500)
    return new PlatformError('bad_request', `The request could not be read: ${messageOf(thrown)}`);
  return new PlatformError(
    'internal_server_error',
    'The server failed on this request. Its log has more under this Request-Id.',
  );
}
