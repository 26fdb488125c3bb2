// Which apps somebody sees, what they may do there, and whether a URL that they were given still stands.
import { mayAtAll, type Need, type Role, refusalOfRole, refusalOfScope } from '../domain/access.ts';
import type { App } from '../domain/app.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import type { User } from '../domain/user.ts';
import type { Store } from '../store/store.ts';
import type { Known } from './context.ts';

interface Needs {
  store: Pick<Store, 'apps' | 'users' | 'tokens' | 'collaborators'>;
}

/** null: they do not see it. */
function roleOf({ store }: Needs, user: User, app: App): Role | null {
  if (user.admin) return 'administrator';
  if (app.ownerId === user.id) return 'owner';
  return store.collaborators.has(app.id, user.id) ? 'collaborator' : null;
}

/** Whoever sees an app works on it. */
export function sees(needs: Needs, user: User, app: App): boolean {
  return roleOf(needs, user, app) !== null;
}

export function visibleApps({ store }: Needs, user: User): App[] {
  if (user.admin) return store.apps.list();
  const worksOn = store.collaborators.appsOf(user.id);
  return store.apps.list().filter((app) => app.ownerId === user.id || worksOn.has(app.id));
}

/** By name or id. @throws PlatformError `not_found`, also when it is there and not theirs to see */
export function findApp(needs: Needs, user: User, nameOrId: string): App {
  const app = needs.store.apps.byName(nameOrId) ?? needs.store.apps.byId(nameOrId);
  if (app && sees(needs, user, app)) return app;
  const name = nameOrId.slice(0, 60);
  throw notFound(
    'app',
    user.admin
      ? `There is no app "${name}". "twelve apps" lists yours.`
      : `There is no app "${name}" that you have access to. "twelve apps" lists those you have. Its owner can let you in: twelve access:add ${user.email} -a ${name}`,
  );
}

/** @throws PlatformError `forbidden` with what would help */
export function requireScope(need: Need, { token, user, administrators }: Known): void {
  const refusal = refusalOfScope(need, { scope: token.scope, admin: user.admin, administrators });
  if (refusal) throw new PlatformError('forbidden', refusal);
}

/** @throws PlatformError `forbidden`, `not_found` when they do not even see it */
export function requireRole(needs: Needs, need: Need, user: User, app: App): void {
  const role = roleOf(needs, user, app);
  if (!role) findApp(needs, user, app.id);
  const owner = needs.store.users.byId(app.ownerId)?.email ?? 'Whoever';
  const refusal = role && refusalOfRole(need, role, { name: app.name, owner });
  if (refusal) throw new PlatformError('forbidden', refusal);
}

/**
 * Asked again by what outlives its request: a token may be revoked or renewed, and access taken away.
 * @param appId null: it is about the server
 */
export function stillMay(needs: Needs, need: Need, known: Known, appId: string | null): boolean {
  const { tokens, users, apps } = needs.store;
  const token = tokens.byId(known.token.id);
  const user = users.byId(known.user.id);
  if (!token || !user || tokens.isExpired(token)) return false;
  if (token.digest !== known.token.digest || !mayAtAll(need, token.scope, user)) return false;
  if (appId === null) return true;
  const app = apps.byId(appId);
  return app !== undefined && sees(needs, user, app);
}
