// Refusals in the audit log, up to a rate: whoever is refused for ever must not push out of it what was done.
import { type AuditEntry, auditText } from '../domain/audit.ts';
import type { Store } from '../store/store.ts';
import type { Known } from './context.ts';

export type Refusal = Omit<AuditEntry, 'number' | 'id' | 'at' | 'outcome'>;

/** What somebody who is known did, or may not do. */
export function entryOf(
  { user, token, address, requestId }: Known & Pick<Refusal, 'requestId'>,
  action: string,
  app: { id: string; name: string } | undefined,
  detail: string | null,
): Refusal {
  return {
    ...{ action, detail, userId: user.id, userEmail: user.email, tokenId: token.id },
    ...{ appId: app?.id ?? null, appName: app?.name ?? null, address, requestId },
  };
}

/** So many at once for each user, and for all that nobody is behind; then one more each half minute. */
const atOnce = 20;
const everyMs = 30_000;

interface Bucket {
  left: number;
  filled: number;
  skipped: number;
}

/** @param now milliseconds, which only grow @returns writes one down, or counts it in the next one */
export function createRefusals(store: Pick<Store, 'audit'>, now: () => number): (refusal: Refusal) => void {
  // As many as there are users, and one.
  const buckets = new Map<string, Bucket>();
  return (refusal) => {
    const who = refusal.userId ?? 'nobody';
    const bucket = buckets.get(who) ?? { left: atOnce, filled: now(), skipped: 0 };
    buckets.set(who, bucket);
    const more = Math.floor((now() - bucket.filled) / everyMs);
    bucket.left = Math.min(atOnce, bucket.left + more);
    bucket.filled += more * everyMs;
    if (bucket.left === 0) {
      bucket.skipped++;
      return;
    }
    bucket.left--;
    store.audit.add({ ...refusal, outcome: 'refused', detail: withSkipped(refusal.detail, bucket.skipped) });
    bucket.skipped = 0;
  };
}

function withSkipped(detail: string | null, skipped: number): string | null {
  if (skipped === 0) return detail;
  return auditText(
    `${skipped} more refusals were not written down before this one${detail ? `; ${detail}` : ''}`,
  );
}
