// Authorizations: tokens that their users, or an administrator for them, make and revoke.
import { effectiveScope, includes, type Scope } from '../domain/access.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import type { User } from '../domain/user.ts';
import type { Token } from '../store/tokens.ts';
import { requireScope } from './access.ts';
import type { Known, Platform } from './context.ts';
import { expiryOf, requireNotLonger, scopeOf } from './token-order.ts';
import { findUser } from './users.ts';

type Needs = Pick<Platform, 'store'>;

export interface TokenOrder {
  description: string;
  /** As a client says it; none: all that the asking token may. */
  scope: readonly string[];
  /** Seconds; null: it does not expire. */
  expiresIn: number | null;
  /** For whom, when not for who asks: administrators only. */
  user: string | null;
}

/** @returns with the token in the clear, this once */
export function createToken(
  { store }: Needs,
  caller: Known,
  order: TokenOrder,
): { token: Token; text: string; user: User } {
  const user = order.user === null ? caller.user : findUser({ store }, order.user, caller);
  const foreign = user.id !== caller.user.id;
  if (foreign) requireScope('admin', caller);
  const own = effectiveScope(caller.token.scope, caller.user);
  // What an administrator's token is for another user may be all that this user can do.
  const widest = foreign ? effectiveScope('admin', user) : own;
  const scope = scopeOf(order.scope, widest);
  if (!includes(widest, scope)) throw tooWide(scope, widest, user, foreign);
  const expiresAt = expiryOf(order.expiresIn);
  requireNotLonger(caller, expiresAt);
  return { ...store.tokens.create(user.id, { description: order.description, scope, expiresAt }), user };
}

/** One's own, by id; `~` is the one that asks. @throws PlatformError `not_found` */
export function findToken({ store }: Needs, caller: Known, which: string): { token: Token; user: User } {
  const token = which === '~' ? store.tokens.byId(caller.token.id) : store.tokens.byId(which);
  const user = token && store.users.byId(token.userId);
  if (token && user && (user.id === caller.user.id || mayManage(caller))) return { token, user };
  throw notFound(
    'authorization',
    `There is no authorization "${which.slice(0, 60)}" of yours. "twelve authorizations" lists them with their ids.`,
  );
}

/** Those of one user. */
export function tokensOf(
  { store }: Needs,
  caller: Known,
  which: string | null,
): { token: Token; user: User }[] {
  if (which !== null && which !== '~') requireScope('admin', caller);
  const user = which === null ? caller.user : findUser({ store }, which, caller);
  return store.tokens.ofUser(user.id).map((token) => ({ token, user }));
}

/** @throws PlatformError `forbidden`: it may more than the one that asks */
export function revokeToken(needs: Needs, caller: Known, which: string): { token: Token; user: User } {
  const found = changeable(needs, caller, which);
  needs.store.tokens.remove(found.token.id);
  return found;
}

export function describeToken(
  needs: Needs,
  caller: Known,
  which: string,
  description: string,
): { token: Token; user: User } {
  const { token, user } = changeable(needs, caller, which);
  needs.store.tokens.describe(token.id, description);
  return { token: needs.store.tokens.byId(token.id)!, user };
}

/** The same under a new text, for one that somebody may have seen. */
export function renewToken(
  needs: Needs,
  caller: Known,
  which: string,
): { token: Token; text: string; user: User } {
  const found = changeable(needs, caller, which);
  requireNotLonger(caller, found.token.expiresAt);
  return { ...found, text: needs.store.tokens.renew(found.token.id) };
}

/** A token ends and changes itself, and those that may no more than it. */
function changeable(needs: Needs, caller: Known, which: string): { token: Token; user: User } {
  const found = findToken(needs, caller, which);
  if (found.token.id === caller.token.id) return found;
  requireScope('tokens', caller);
  const own = effectiveScope(caller.token.scope, caller.user);
  const its = effectiveScope(found.token.scope, found.user);
  if (includes(own, its)) return found;
  throw new PlatformError(
    'forbidden',
    `The authorization "${found.token.description}" has the scope "${its}", which is more than that of the token you use ("${own}"). Log in with one of the scope "${its}" to change it.`,
  );
}

function mayManage({ token, user }: Known): boolean {
  return effectiveScope(token.scope, user) === 'admin';
}

function tooWide(scope: Scope, widest: Scope, user: User, foreign: boolean): PlatformError {
  return new PlatformError(
    'forbidden',
    scope === 'admin' && !user.admin
      ? `${foreign ? user.email : 'You'} cannot have a token of the scope "admin": that is for administrators. One of them can change that: twelve users:promote ${user.email}`
      : `The token you use has the scope "${widest}", and cannot make one of the scope "${scope}". Log in with one that can.`,
  );
}
