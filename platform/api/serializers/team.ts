// Users, authorizations, collaborators and the audit log, in the shapes of the Platform API v3 where it has one.
import type { Member } from '../../actions/collaborators.ts';
import { effectiveScope } from '../../domain/access.ts';
import type { App } from '../../domain/app.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import type { User } from '../../domain/user.ts';
import type { Token } from '../../store/tokens.ts';
import { account, seconds, secondsOrNull } from './resources.ts';

/** Ours: v3 has accounts of one's own, and members of teams. */
export function user(one: User, owns: number) {
  return { ...account(one), admin: one.admin, apps: owns };
}

/** @param text the token in the clear, in the one answer that has it */
export function authorization(
  { token, user: owner }: { token: Token; user: User },
  text: string | null = null,
) {
  const expiresIn =
    token.expiresAt === null
      ? null
      : Math.max(0, Math.floor((Date.parse(token.expiresAt) - Date.now()) / 1000));
  return {
    id: token.id,
    description: token.description,
    scope: [effectiveScope(token.scope, owner)],
    client: null,
    access_token: { id: token.id, token: text, expires_in: expiresIn },
    grant: null,
    refresh_token: null,
    session: null,
    user: { id: owner.id, email: owner.email, full_name: owner.name },
    created_at: seconds(token.createdAt),
    updated_at: seconds(token.createdAt),
    expires_at: secondsOrNull(token.expiresAt),
    last_used_at: secondsOrNull(token.lastUsedAt),
  };
}

export function collaborator(app: App, member: Member) {
  return {
    id: member.id,
    app: { id: app.id, name: app.name },
    user: { id: member.user.id, email: member.user.email, federated: false },
    role: member.role,
    created_at: seconds(member.createdAt),
    updated_at: seconds(member.createdAt),
  };
}

/** Ours. */
export function auditEvent(one: AuditEntry) {
  return {
    id: one.id,
    number: one.number,
    created_at: one.at,
    action: one.action,
    outcome: one.outcome,
    detail: one.detail,
    user: one.userId === null ? null : { id: one.userId, email: one.userEmail },
    authorization: one.tokenId === null ? null : { id: one.tokenId },
    app: one.appId === null ? null : { id: one.appId, name: one.appName },
    address: one.address,
    request_id: one.requestId,
  };
}
