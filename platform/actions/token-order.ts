// What a new token may and how long it is good, as clients say it.
import { isScope, type Scope, scopes } from '../domain/access.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Known } from './context.ts';

const longestSeconds = 10 * 365 * 86_400;

/** Heroku's clients say `global` for everything. */
export function scopeOf(given: readonly string[], widest: Scope): Scope {
  const words = given
    .flatMap((one) => one.split(','))
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (words.length === 0 || words.includes('global')) return widest;
  for (const word of words)
    if (!isScope(word))
      throw new PlatformError(
        'invalid_params',
        `There is no scope "${word.slice(0, 40)}". Scopes, each with those before it: ${scopes.join(', ')}.`,
      );
  return [...scopes].reverse().find((scope) => words.includes(scope))!;
}

/** @param seconds null: it does not expire */
export function expiryOf(seconds: number | null): string | null {
  if (seconds === null) return null;
  if (seconds < 1 || seconds > longestSeconds)
    throw new PlatformError(
      'invalid_params',
      `expires_in is a number of seconds from 1 to ${longestSeconds}.`,
    );
  return new Date(Date.now() + seconds * 1000).toISOString();
}

/** Else an expiry would end nothing. @throws PlatformError `forbidden` */
export function requireNotLonger({ token }: Pick<Known, 'token'>, expiresAt: string | null): void {
  if (token.expiresAt === null || (expiresAt !== null && expiresAt <= token.expiresAt)) return;
  throw new PlatformError(
    'forbidden',
    `The token you use expires on ${token.expiresAt.slice(0, 16).replace('T', ' ')} UTC, and cannot make one that is good for longer. Give a shorter --expires-in, or log in with one that does not expire.`,
  );
}
