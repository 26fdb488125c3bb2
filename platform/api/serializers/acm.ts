// How a name stands where certificates are ordered → the words of the API; Heroku's where it has them.
import type { AcmeStanding } from '../../actions/acme-hosts.ts';
import { seconds } from './resources.ts';

const maybe = (time: string | null): string | null => time && seconds(time);

export function acmHost(one: AcmeStanding) {
  return {
    hostname: one.host,
    acm_status: one.status,
    acm_status_reason: one.reason,
    expires_at: maybe(one.expiresAt),
    next_attempt_at: maybe(one.nextAt),
    refresh_at: maybe(one.byHandAt),
  };
}
