// Request bodies: checked once here against a zod schema, with the field named when it does not fit.
import type { Request } from 'express';
import { z } from 'zod';
import { PlatformError } from '../domain/errors.ts';

/** @throws PlatformError `invalid_params` naming the first field that does not fit */
export function bodyOf<T>(request: Request, schema: z.ZodType<T>): T {
  const result = schema.safeParse(request.body === undefined ? {} : request.body);
  if (result.success) {
    requireText(result.data);
    return result.data;
  }
  const issue = result.error.issues[0]!;
  const field = issue.path.join('.');
  throw new PlatformError(
    'invalid_params',
    field ? `${field}: ${issue.message}.` : `The request body does not fit: ${issue.message}.`,
  );
}

/** JSON can spell half of a character (`\\ud800`); no environment, file or other program could be given it unchanged. */
function requireText(value: unknown, field = 'The request body'): void {
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value))
    throw new PlatformError('invalid_params', `${field} is not text: it contains half of a surrogate pair.`);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Object.entries(value)) requireText(one, name);
}

/** Of a token: one, or several. */
export const scopeBody = z
  .union([z.array(z.string()), z.string().transform((one) => [one])], 'Scopes are names')
  .nullish();

/** How long a token is good. Clients send it as text, too. */
export const secondsBody = z
  .union(
    [
      z.number().int(),
      z
        .string()
        .regex(/^\d{1,12}$/)
        .transform(Number),
    ],
    'It is a number of seconds',
  )
  .nullish();

/** A path parameter as text. */
export function parameter(request: Request, name: string): string {
  const value = request.params[name];
  return Array.isArray(value) ? value.join('/') : (value ?? '');
}
