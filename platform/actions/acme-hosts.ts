// For which hosts certificates are ordered, and how each of them stands.
import {
  believable,
  byHandAt,
  dueAt,
  type Failure,
  type HostState,
  type Ordered,
  waitsFor,
} from '../certificates/renewal.ts';
import { type Certificate, chooserOf, isValid } from '../domain/certificate.ts';
import { platformNames } from '../domain/own-names.ts';
import { hostsOf } from './apps.ts';
import { ownHosts } from './certificates.ts';
import type { Platform } from './context.ts';

export type AcmeKnown = Pick<Platform, 'store' | 'config'>;

export interface AcmeStatus {
  /** Heroku's words. */
  status: 'pending' | 'cert issued' | 'failing' | 'failed';
  reason: string | null;
}

export interface AcmeStanding {
  host: string;
  /** null: none is ordered, since one that was added is good for it. */
  status: AcmeStatus['status'] | null;
  reason: string | null;
  /** Of the certificate that it has. */
  expiresAt: string | null;
  /** When it is ordered next; null: its turn has come, or none is ordered. */
  nextAt: string | null;
  /** When one that failed may be tried again by hand; null: at once, or there is nothing to try again. */
  byHandAt: string | null;
}

interface WantedHost {
  host: string;
  /** null: the platform's own. */
  appId: string | null;
}

export type OwnedState = HostState & WantedHost;

/** What the authority said of all orders, and until when that holds. */
export function holdOf(known: AcmeKnown, now: Date): Failure | null {
  return believable(known.store.acmeFailures.of(directoryOf(known), null), now);
}

/** The authority that is asked now: what another one said, before the setting was changed, does not count. */
export function directoryOf({ config }: Pick<AcmeKnown, 'config'>): string {
  return config.acme?.directory ?? '';
}

export function saidOf({ reason, nextAt }: Failure): string {
  return `the authority takes no orders of this server for now (${reason}). They go on at ${nextAt}`;
}

/** Of all hosts that certificates are ordered for. What is stored of hosts that left goes. */
export function hostStates(needs: AcmeKnown, now: Date): OwnedState[] {
  const { store } = needs;
  const directory = directoryOf(needs);
  store.certificates.adopt(directory);
  store.acmeFailures.adopt(directory);
  const certificates = store.certificates.all();
  const failures = store.acmeFailures.ofHosts(directory);
  const every = everyHost(needs);
  const wanted = wantedHosts(needs, certificates, every, now);
  const ordered = orderedOf(needs, certificates, every);
  const names = new Set(wanted.map(({ host }) => host));
  for (const name of store.acmeFailures.hosts()) if (!names.has(name)) store.acmeFailures.forget(name);
  return wanted.map((one) => ({
    ...one,
    certificate: seenFrom(directory, ordered.get(keyOf(one)) ?? null),
    failure: believable(failures.get(one.host), now),
  }));
}

/** By host, see `keyOf`. One that is good for no host of its owner goes. */
function orderedOf(
  { store }: AcmeKnown,
  certificates: readonly Certificate[],
  every: readonly WantedHost[],
): Map<string, Certificate> {
  const hosts = new Set(every.map(keyOf));
  const found = new Map<string, Certificate>();
  for (const one of certificates) {
    if (one.source !== 'acme') continue;
    const own = one.names.map((host) => keyOf({ host, appId: one.appId })).filter((key) => hosts.has(key));
    if (own.length === 0) store.certificates.remove(one.id);
    for (const key of own) if (!found.has(key)) found.set(key, one);
  }
  return found;
}

/** As it is for who asks this authority. */
function seenFrom(directory: string, one: Certificate | null): Ordered | null {
  return one && { ...one, ofAnother: one.directory !== directory };
}

const keyOf = ({ host, appId }: WantedHost): string => `${host} ${appId}`;

export function everyHost({ store, config }: AcmeKnown): WantedHost[] {
  const own = ownHosts(config).map((host) => ({ host, appId: null }));
  const apps = store.apps
    .list()
    .flatMap((app) => hostsOf({ store, config }, app).map((host) => ({ host, appId: app.id })));
  return [...own, ...apps];
}

/** Those that a public authority can vouch for, that somebody is served by, and that nobody added a valid certificate for. */
export function wantedHosts(
  { config }: Pick<AcmeKnown, 'config'>,
  certificates: readonly Certificate[],
  every: readonly WantedHost[],
  now: Date,
): WantedHost[] {
  const choose = chooserOf(certificates.filter(({ source }) => source === 'added'));
  const seen = new Set<string>();
  return every.filter(({ host, appId }) => {
    if (seen.has(host)) return false;
    seen.add(host);
    if (reasonAgainst(config, host, appId)) return false;
    const chosen = choose(host, appId, now);
    return !chosen || !isValid(chosen, now);
  });
}

function reasonAgainst({ https }: AcmeKnown['config'], host: string, appId: string | null): string | null {
  if (appId !== null && !https)
    return 'This server speaks TLS for its API alone: apps are served over plain HTTP, and a certificate would be of no use.';
  if (host.startsWith('*.'))
    return 'A wildcard cannot be proved over HTTP. Order its certificate elsewhere and add it: twelve certs:add CRT KEY';
  if (!host.includes('.') || host.endsWith('.localhost') || /^[\d.]+$/.test(host) || host.includes(':'))
    return 'No public authority vouches for such a name.';
  return null;
}

const notTheApps = 'This is a name of the platform itself, and leads to no app.';

/**
 * How hosts of an app stand; null where certificates are not ordered, or not for it. What is asked of all certificates is read
 * when this is called: of many hosts, call it once.
 */
export function acmeStatuses(known: AcmeKnown, appId: string): (host: string) => AcmeStatus | null {
  if (!known.config.acme) return () => null;
  const standingOf = standings(known, appId);
  return (host) => {
    const { status, reason } = standingOf(host);
    return status && { status, reason };
  };
}

/** As above, with the times. @param appId null: of the platform's own */
export function standings(known: AcmeKnown, appId: string | null): (host: string) => AcmeStanding {
  const { store, config } = known;
  const now = new Date();
  const choose = chooserOf(store.certificates.usableBy(appId));
  const own = new Set(appId === null ? [] : platformNames(config));
  const hold = holdOf(known, now);
  const directory = directoryOf(known);
  return (host) => {
    const never = { host, expiresAt: null, nextAt: null, byHandAt: null };
    if (own.has(host)) return { ...never, status: 'failed', reason: notTheApps };
    const chosen = choose(host, appId, now);
    const certificate = chosen && isValid(chosen, now) ? chosen : null;
    const expiresAt = certificate?.notAfter ?? null;
    if (certificate?.source === 'added') return { ...never, status: null, reason: null, expiresAt };
    const against = reasonAgainst(config, host, appId);
    if (against) return { ...never, status: 'failed', reason: against };
    const failure = believable(store.acmeFailures.of(directory, host), now);
    const state = { host, certificate: seenFrom(directory, certificate), failure };
    return { host, expiresAt, ...orderOf(state, hold, now) };
  };
}

/** How the next order of a host stands. */
function orderOf(
  state: HostState,
  hold: Failure | null,
  now: Date,
): Omit<AcmeStanding, 'host' | 'expiresAt'> {
  const { certificate, failure } = state;
  const due = dueAt(state);
  const heldUntil = hold ? Date.parse(hold.nextAt) : 0;
  const held = hold && now.getTime() < heldUntil && due <= now.getTime() ? saidOf(hold) : null;
  const waits = waitsFor(state, now);
  const later = (ms: number): string | null => (ms > now.getTime() ? new Date(ms).toISOString() : null);
  return {
    // One of another authority, which might be nobody's but a trial's, is served until then.
    status: certificate && !certificate.ofAnother ? 'cert issued' : failure ? 'failing' : 'pending',
    reason: failure?.reason ?? held,
    nextAt: later(Math.max(due, heldUntil)),
    byHandAt: waits && later(Math.max(byHandAt(waits), heldUntil)),
  };
}
