// Who may do what: the scopes of tokens, and what each need of a route takes. The one place that decides.

/** Each includes those before it. */
export const scopes = ['read', 'deploy', 'write', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** What somebody is to an app. */
export type Role = 'administrator' | 'owner' | 'collaborator';

interface Rule {
  /** The least scope; null: no token is asked for, since a secret in the URL is the right, or there is nothing to hide. */
  scope: Scope | null;
  /** Collaborators may not: owners of the app and administrators only. */
  ownersOnly?: true;
  /** Of the server as a whole: a token of any such scope, of an administrator. */
  administratorsOnly?: true;
  /** Ends the sentence "This token may not …". */
  what: string;
}

export const needs = {
  open: { scope: null, what: 'open this URL' },
  account: { scope: 'read', what: 'see its own account' },
  read: { scope: 'read', what: 'look at apps' },
  deploy: { scope: 'deploy', what: 'deploy' },
  secrets: { scope: 'write', what: 'read config vars' },
  write: { scope: 'write', what: 'change apps and run commands in them' },
  own: { scope: 'write', ownersOnly: true, what: 'destroy or rename apps, or say who has access' },
  tokens: { scope: 'write', what: 'see, make and revoke tokens' },
  server: { scope: 'read', administratorsOnly: true, what: 'see how the server stands' },
  admin: { scope: 'admin', what: 'manage users and the server' },
} as const satisfies Record<string, Rule>;
export type Need = keyof typeof needs;

const rule = (need: Need): Rule => needs[need];

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

export function includes(scope: Scope, wanted: Scope): boolean {
  return scopes.indexOf(scope) >= scopes.indexOf(wanted);
}

/** What a token may follows its user: who is no administrator (any more) has no token of one. */
export function effectiveScope(scope: Scope, user: { admin: boolean }): Scope {
  return scope === 'admin' && !user.admin ? 'write' : scope;
}

export interface Asker {
  scope: Scope;
  admin: boolean;
  /** Who can help: e-mail addresses. */
  administrators(): readonly string[];
}

/** Wherever its user may: roles are another matter. */
export function mayAtAll(need: Need, scope: Scope, user: { admin: boolean }): boolean {
  const { scope: least, administratorsOnly } = rule(need);
  if (administratorsOnly && !user.admin) return false;
  return least === null || includes(effectiveScope(scope, user), least);
}

/** @returns why a token may not, with what would help; null: it may */
export function refusalOfScope(need: Need, asker: Asker): string | null {
  const { scope, what, administratorsOnly } = rule(need);
  if (scope === null || mayAtAll(need, asker.scope, asker)) return null;
  const own = effectiveScope(asker.scope, asker);
  if ((scope === 'admin' || administratorsOnly) && !asker.admin)
    return `Only administrators may ${what}. Ask one of them: ${asker.administrators().slice(0, 3).join(', ')}`;
  return `This token has the scope "${own}" and may not ${what}: that takes the scope "${scope}". Whoever has a token of that scope can make another: twelve authorizations:create --scope ${scope}`;
}

/** @param owner the e-mail address of the app's. @returns why somebody with access to it may not */
export function refusalOfRole(need: Need, role: Role, app: { name: string; owner: string }): string | null {
  if (!rule(need).ownersOnly || role !== 'collaborator') return null;
  return `You are a collaborator of ${app.name}, and may not ${rule(need).what}. ${app.owner}, who owns it, or an administrator can.`;
}
