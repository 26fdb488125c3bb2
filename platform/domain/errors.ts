// One error type for everything a person or program can be told: a code for programs, a sentence for people.

export type ErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'not_acceptable'
  | 'conflict'
  | 'gone'
  | 'request_timeout'
  | 'request_too_large'
  | 'headers_too_large'
  | 'requested_range_not_satisfiable'
  | 'invalid_params'
  | 'rate_limit'
  | 'build_failed'
  | 'release_failed'
  | 'cancelled'
  | 'engine_unavailable'
  | 'engine_failed'
  | 'service_unavailable'
  | 'internal_server_error';

/** A refusal or failure whose message is meant to be read by the user. Never put a secret into the message. */
export class PlatformError extends Error {
  readonly code: ErrorCode;
  /** What was not found, for `not_found` ("app", "release", …), or other facts for programs. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: Record<string, unknown> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'PlatformError';
    this.code = code;
    this.details = details;
  }
}

/** `not_found` with the resource named as the API reference asks. */
export function notFound(resource: string, message: string): PlatformError {
  return new PlatformError('not_found', message, { resource });
}

export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is PlatformError {
  return error instanceof PlatformError && codes.includes(error.code);
}

/** The sentence of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
