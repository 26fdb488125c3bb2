// Collaborators: whom the owner of an app lets in, and who leaves.
import type { App } from '../domain/app.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import type { User } from '../domain/user.ts';
import type { Collaborator } from '../store/collaborators.ts';
import { requireRole } from './access.ts';
import type { Known, Platform } from './context.ts';
import { findUser } from './users.ts';

export interface Member {
  id: string;
  user: User;
  role: 'owner' | 'collaborator';
  createdAt: string;
}

type Needs = Pick<Platform, 'store' | 'logs'>;

/** Its owner first. */
export function membersOf({ store }: Pick<Platform, 'store'>, app: App): Member[] {
  const owner = store.users.byId(app.ownerId)!;
  return [
    { id: app.id, user: owner, role: 'owner', createdAt: app.createdAt },
    ...store.collaborators.ofApp(app.id).map((one) => member({ store }, one)),
  ];
}

/** By e-mail address or id. @throws PlatformError `not_found` */
export function findMember(needs: Pick<Platform, 'store'>, app: App, which: string): Member {
  const found = membersOf(needs, app).find(
    ({ id, user }) => id === which || user.id === which || user.email === which.toLowerCase(),
  );
  if (found) return found;
  throw notFound(
    'collaborator',
    `"${which.slice(0, 80)}" has no access to ${app.name}. "twelve access -a ${app.name}" lists who has.`,
  );
}

export function addCollaborator(needs: Needs, app: App, caller: Known, which: string): Member {
  const { store } = needs;
  const user = findUser(needs, which, caller);
  if (user.id === app.ownerId)
    throw new PlatformError('invalid_params', `${user.email} owns ${app.name}, and needs no access to it.`);
  const added = store.transaction(() => store.collaborators.add(app.id, user.id));
  say(needs, app, `Access for ${user.email} added by user ${caller.user.email}`);
  return member(needs, added);
}

/** Anybody may leave; others are shown out by the owner. */
export function removeCollaborator(needs: Needs, app: App, caller: Known, which: string): Member {
  const found = findMember(needs, app, which);
  if (found.user.id !== caller.user.id) requireRole(needs, 'own', caller.user, app);
  if (found.role === 'owner')
    throw new PlatformError(
      'invalid_params',
      `${found.user.email} owns ${app.name}, which cannot be taken away from its owner.`,
    );
  needs.store.collaborators.remove(app.id, found.user.id);
  say(needs, app, `Access for ${found.user.email} removed by user ${caller.user.email}`);
  return found;
}

function member({ store }: Pick<Platform, 'store'>, one: Collaborator): Member {
  return { id: one.id, user: store.users.byId(one.userId)!, role: 'collaborator', createdAt: one.createdAt };
}

function say({ logs }: Needs, app: App, text: string): void {
  logs.write(app.id, { source: 'twelve', process: 'api', text });
}
