// How a command ends other than well: a sentence for people, an exit status for scripts.

/** 1: refused or failed. 2: wrong usage. 130: interrupted by Ctrl-C. */
export type ExitStatus = 1 | 2 | 130;

export class CliError extends Error {
  readonly status: ExitStatus;

  constructor(message: string, status: ExitStatus = 1, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CliError';
    this.status = status;
  }
}

/** The server answered, and its answer is a refusal. */
export class ApiError extends CliError {
  readonly httpStatus: number;
  /** The API's word for programs, such as `not_found`. */
  readonly id: string;

  constructor(message: string, httpStatus: number, id: string) {
    super(message);
    this.name = 'ApiError';
    this.httpStatus = httpStatus;
    this.id = id;
  }
}

/** No answer at all: refused, reset, silent, not found. Worth another try where trying again is harmless. */
export class UnreachableError extends CliError {
  /** Node's code, such as ECONNREFUSED. */
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, 1, { cause });
    this.name = 'UnreachableError';
    this.code = code;
  }
}

export function usageError(message: string): CliError {
  return new CliError(message, 2);
}

export function interrupted(): CliError {
  return new CliError('', 130);
}

export function isInterrupt(error: unknown): boolean {
  return error instanceof CliError && error.status === 130;
}
