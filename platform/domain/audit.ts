// An entry of the audit log, and which ones somebody asks for.

export interface AuditEntry {
  /** Grows by one. */
  number: number;
  id: string;
  at: string;
  /** In the words of the command line: `config:set`. */
  action: string;
  outcome: 'done' | 'refused' | 'failed';
  /** What exactly: names, never values of config vars or secrets. */
  detail: string | null;
  userId: string | null;
  /** As it was then, as is the name of the app. */
  userEmail: string | null;
  tokenId: string | null;
  appId: string | null;
  appName: string | null;
  address: string | null;
  requestId: string | null;
}

export interface AuditFilter {
  appId?: string;
  /** Id or e-mail address, also of one who was removed. */
  user?: string;
  since?: string;
  /** Only what this user did, or what was done to these apps. */
  visibleTo?: { userId: string; appIds: readonly string[] };
}

const longestDetail = 300;

/** One line of what was given, in which nothing moves a terminal's cursor. */
export function auditText(text: string): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line.length > longestDetail ? `${line.slice(0, longestDetail - 1)}…` : line;
}
