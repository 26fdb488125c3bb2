// What the router of this platform on this machine is known by to those who ask it: the doctor asks where a name leads.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * The same at each start, since another one is a reload. The machine counts too: a platform that was restored elsewhere has
 * the id of the one that it was a copy of, to which the names may still lead. Visitors are shown neither the id nor the machine's.
 */
export function routerMark(instance: string): string {
  return createHash('sha256').update(`twelve router ${instance} ${machine()}`).digest('hex').slice(0, 16);
}

function machine(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname();
  } catch {
    return hostname();
  }
}
