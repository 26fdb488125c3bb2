// Users: added with a token of their own, made administrators, removed with everything that let them in.
import { effectiveScope, type Scope } from '../domain/access.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import { parseEmail, type User } from '../domain/user.ts';
import type { Token } from '../store/tokens.ts';
import type { Known, Platform } from './context.ts';
import { expiryOf, requireNotLonger, scopeOf } from './token-order.ts';

/** By e-mail address or id; `~` is who asks. @throws PlatformError `not_found` */
export function findUser({ store }: Pick<Platform, 'store'>, which: string, caller: Known): User {
  const user = which === '~' ? caller.user : store.users.find(which.trim());
  if (!user)
    throw notFound(
      'user',
      `There is no user "${which.slice(0, 80)}" here. An administrator adds one: twelve users:add <email>`,
    );
  return user;
}

/** @returns the new user, and a token for them in the clear, this once */
export function addUser(
  { store }: Pick<Platform, 'store'>,
  caller: Known,
  wanted: { email: string; admin: boolean; scope: readonly string[]; expiresIn: number | null },
): { user: User; token: Token; text: string } {
  const email = parseEmail(wanted.email);
  const expiresAt = expiryOf(wanted.expiresIn);
  requireNotLonger(caller, expiresAt);
  return store.transaction(() => {
    if (store.users.byEmail(email))
      throw new PlatformError(
        'invalid_params',
        `${email} is a user here already. Another token for them: twelve authorizations:create --user ${email}`,
      );
    const user = store.users.create(email, { admin: wanted.admin });
    const scope = scopeOf(wanted.scope, wanted.admin ? 'admin' : 'write');
    requireScopeFor(user, scope);
    const order = { description: 'made with the user', scope, expiresAt };
    return { user, ...store.tokens.create(user.id, order) };
  });
}

/** @throws PlatformError `conflict`: nobody could manage users any more */
export function setAdmin({ store }: Pick<Platform, 'store'>, user: User, admin: boolean): User {
  return store.transaction(() => {
    if (!admin) requireOther({ store }, user, 'made an ordinary user');
    store.users.setAdmin(user.id, admin);
    return store.users.byId(user.id)!;
  });
}

/**
 * Their tokens are no good from now on. What they own goes to somebody else, if it is said to whom.
 * @throws PlatformError `conflict`: they own apps, or are the only administrator
 */
export function removeUser({ store }: Pick<Platform, 'store'>, user: User, heir: User | null): void {
  store.transaction(() => {
    requireOther({ store }, user, 'removed');
    const owned = store.apps.list().filter((app) => app.ownerId === user.id);
    if (heir?.id === user.id)
      throw new PlatformError('invalid_params', `The apps of ${user.email} cannot go to the same user.`);
    if (owned.length > 0 && !heir)
      throw new PlatformError(
        'conflict',
        `${user.email} owns ${named(owned.map(({ name }) => name))}. Say who gets that: twelve users:remove ${user.email} --transfer-to <email>`,
      );
    if (heir) {
      for (const app of owned) store.collaborators.remove(app.id, heir.id);
      store.apps.transferAll(user.id, heir.id);
    }
    store.collaborators.removeUser(user.id);
    store.tokens.removeAllOf(user.id);
    store.users.remove(user.id);
  });
}

function requireScopeFor(user: User, scope: Scope): void {
  if (scope !== effectiveScope(scope, user))
    throw new PlatformError(
      'invalid_params',
      `A token of the scope "${scope}" is for administrators: add ${user.email} as one (--admin), or give another scope.`,
    );
}

/** The last administrator stays one. */
function requireOther({ store }: Pick<Platform, 'store'>, user: User, what: string): void {
  const others = store.users.list().filter((one) => one.admin && one.id !== user.id);
  if (!user.admin || others.length > 0) return;
  throw new PlatformError(
    'conflict',
    `${user.email} is the only administrator and cannot be ${what}. Make another one first: twelve users:promote <email>`,
  );
}

function named(apps: readonly string[]): string {
  const shown = apps.slice(0, 5);
  const more = apps.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more apps` : shown.join(', ');
}
