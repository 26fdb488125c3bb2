// Whose token is it? One answer for the API and for git; wrong ones are slowed down by the address they come from.
import { createHash } from 'node:crypto';
import { PlatformError } from '../domain/errors.ts';
import { steadyMs } from '../domain/time-limit.ts';
import { ifPossible } from '../store/failures.ts';
import type { Store } from '../store/store.ts';
import type { Known } from './context.ts';
import { createRefusals, type Refusal } from './refusals.ts';
import { createThrottle } from './throttle.ts';

export interface Admission {
  /** @throws PlatformError `unauthorized`, or `rate_limit` after many wrong ones from there */
  admit(text: string, from: { address: string | null; requestId?: string | null }): Known;
  /** Writes down that somebody may not do what they asked for. */
  refused(refusal: Refusal): void;
}

/** Tokens that were right a while ago, so that others' wrong ones from the same address do not hold them up. */
const remembered = 10_000;
const rememberMs = 3_600_000;

/** @param now milliseconds, which only grow */
export function createAdmission(
  store: Pick<Store, 'tokens' | 'users' | 'audit'>,
  now: () => number = steadyMs,
): Admission {
  const throttle = createThrottle(now);
  const good = new Map<string, number>();
  const refused = createRefusals(store, now);

  const administrators = (): string[] =>
    store.users
      .list()
      .filter((user) => user.admin)
      .map((user) => user.email);

  function isGood(key: string): boolean {
    const at = good.get(key);
    return at !== undefined && now() - at < rememberMs;
  }

  function remember(key: string): void {
    good.delete(key);
    good.set(key, now());
    if (good.size > remembered) good.delete(good.keys().next().value!);
  }

  return {
    refused,
    admit(text, { address, requestId = null }) {
      // Not the token itself: memory may end up in a dump.
      const key = createHash('sha256').update(text).digest('base64');
      const waitMs = isGood(key) ? 0 : throttle.waitMs(address ?? '');
      if (waitMs > 0) throw tooMany(Math.ceil(waitMs / 1000));
      const found = store.tokens.find(text);
      if (!found || store.tokens.isExpired(found.token)) {
        good.delete(key);
        throttle.failed(address ?? '');
        // A disk that is full makes no difference to the refusal.
        ifPossible(() =>
          refused({
            ...{ action: 'login', detail: found ? 'an expired token' : 'an unknown token' },
            ...{ userId: found?.user.id ?? null, userEmail: found?.user.email ?? null },
            ...{ tokenId: found?.token.id ?? null, appId: null, appName: null, address, requestId },
          }),
        );
        throw new PlatformError(
          'unauthorized',
          found
            ? `This token expired on ${found.token.expiresAt!.slice(0, 10)}. Make a new one, and log in with it: twelve login <url>`
            : 'This token is not valid. Log in again: twelve login <url>',
          { unknown: !found },
        );
      }
      remember(key);
      return { ...found, address, administrators };
    },
  };
}

function tooMany(seconds: number): PlatformError {
  return new PlatformError(
    'rate_limit',
    `Too many wrong tokens came from your address. Wait ${seconds} s, and try again; tokens that were right here before go on working.`,
    { retryAfter: seconds },
  );
}
