// How the names of an app, or of the server, stand where certificates are ordered; and trying again by hand those that failed.
import { byHandAt, dueAt, type Failure, waitsFor } from '../certificates/renewal.ts';
import { PlatformError } from '../domain/errors.ts';
import {
  type AcmeKnown,
  type AcmeStanding,
  directoryOf,
  holdOf,
  hostStates,
  type OwnedState,
  saidOf,
  standings,
} from './acme-hosts.ts';
import { namesOf } from './apps.ts';
import { type CertificateOwner, ownHosts, say } from './certificates.ts';
import type { Caller, Platform } from './context.ts';

type Needs = AcmeKnown & Pick<Platform, 'certificates' | 'logs' | 'log'>;

interface Waiting {
  host: string;
  failure: Failure;
}

/** So many are named where none can be tried yet. */
const mostNamed = 5;

/** Names of an app, or of the server, and how each of them stands. @throws PlatformError `invalid_params` where none are ordered */
export function acmeStandings(
  known: AcmeKnown,
  owner: CertificateOwner,
): { hosts: string[]; standingOf(host: string): AcmeStanding } {
  requireAcme(known);
  const hosts = owner ? namesOf(known, owner) : ownHosts(known.config);
  return { hosts, standingOf: standings(known, owner?.id ?? null) };
}

/**
 * What failed is ordered now instead of after its pause, as far as the authority's limits are not used up by that.
 * @returns hosts whose turn it is now
 * @throws PlatformError `rate_limit` with the time, where none of them may be tried yet; `invalid_params` where none are ordered
 */
export async function refreshAcme(
  needs: Needs,
  owner: CertificateOwner,
  caller: Caller,
  now = new Date(),
): Promise<string[]> {
  requireAcme(needs);
  const own = hostStates(needs, now).filter(({ appId }) => appId === (owner?.id ?? null));
  requireNoHold(needs, own, now);
  const waiting = own.flatMap((state): Waiting[] => {
    const failure = waitsFor(state, now);
    return failure ? [{ host: state.host, failure }] : [];
  });
  const ready = waiting.filter(({ failure }) => byHandAt(failure) <= now.getTime());
  if (waiting.length === 0) return [];
  if (ready.length === 0) throw tooEarly(waiting, now);
  const { store, certificates } = needs;
  store.transaction(() => {
    for (const { host, failure } of ready)
      store.acmeFailures.put(directoryOf(needs), host, { ...failure, nextAt: now.toISOString() });
  });
  await certificates.changed();
  const hosts = ready.map(({ host }) => host);
  say(needs, owner, caller, `Another order for ${hosts.join(', ')} asked for`);
  return hosts;
}

function requireAcme({ config }: AcmeKnown): void {
  if (config.acme) return;
  throw new PlatformError(
    'invalid_params',
    'This server orders no certificates. Whoever runs it turns that on with TWELVE_ACME=agreed and TWELVE_ACME_EMAIL, which agrees to the terms of service of the authority. One of your own is added by: twelve certs:add CRT KEY',
  );
}

/** Where nothing of theirs is due anyway it is no matter. */
function requireNoHold(needs: Needs, own: readonly OwnedState[], now: Date): void {
  const hold = holdOf(needs, now);
  if (!hold || now.getTime() >= Date.parse(hold.nextAt)) return;
  if (!own.some((state) => dueAt({ ...state, failure: null }) <= now.getTime())) return;
  throw notYet(`Nothing can be tried again now: ${saidOf(hold)}.`, Date.parse(hold.nextAt), now);
}

function tooEarly(waiting: readonly Waiting[], now: Date): PlatformError {
  const known = waiting
    .map(({ host, failure }) => ({ host, at: byHandAt(failure) }))
    .sort((a, b) => a.at - b.at || a.host.localeCompare(b.host));
  const named = known
    .slice(0, mostNamed)
    .map(({ host, at }) => `${host} at ${new Date(at).toISOString().replace('.000', '')}`);
  const more = known.length - named.length;
  return notYet(
    `Each attempt counts against the limits of the authority, so nothing is tried yet. It can be again: ${named.join(', ')}${more > 0 ? `, and ${more} more later` : ''}.`,
    known[0]!.at,
    now,
  );
}

function notYet(message: string, at: number, now: Date): PlatformError {
  return new PlatformError('rate_limit', message, {
    retryAfter: Math.max(1, Math.ceil((at - now.getTime()) / 1000)),
  });
}
