// How a name stands where certificates are ordered → the words of the API; Heroku's where it has them.
import type { AcmeStanding } from '../../actions/acme-hosts.ts';
import { secondsOrNull } from './resources.ts';

export function acmHost(one: AcmeStanding) {
  return {
    hostname: one.host,
    acm_status: one.status,
    acm_status_reason: one.reason,
    expires_at: secondsOrNull(one.expiresAt),
    next_attempt_at: secondsOrNull(one.nextAt),
    refresh_at: secondsOrNull(one.byHandAt),
  };
}
