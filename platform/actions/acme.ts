// Certificates that are ordered by themselves: for which hosts, one after another, and how each of them stands.
import { setTimeout as delay } from 'node:timers/promises';
import { AskedToWait, createOrders, newPrivateKey, type Orders, thumbprintOf } from '../certificates/acme.ts';
import { checkCertificate } from '../certificates/check.ts';
import {
  dueAt,
  type Failure,
  failed,
  type HostState,
  isAboutAll,
  nextOrder,
} from '../certificates/renewal.ts';
import { chooseCertificate, isValid } from '../domain/certificate.ts';
import { messageOf } from '../domain/errors.ts';
import { platformNames } from '../domain/own-names.ts';
import { hostsOf } from './apps.ts';
import { createBell } from './bell.ts';
import { ownHosts } from './certificates.ts';
import type { Platform } from './context.ts';

type Known = Pick<Platform, 'store' | 'config'>;

export interface AcmeNeeds extends Known, Pick<Platform, 'certificates' | 'logs' | 'log'> {
  orders: Orders;
  now?: () => Date;
  /** After what nobody expected; twice as long each time. */
  pauseMs?: number;
}

export interface AcmeStatus {
  /** Heroku's words. */
  status: 'pending' | 'cert issued' | 'failing' | 'failed';
  reason: string | null;
}

interface WantedHost {
  host: string;
  /** null: the platform's own. */
  appId: string | null;
}

/** What is looked at again without being told: other servers' clocks, ours, a certificate that was removed by hand. */
const longestSleepMs = 600_000;
const longestPauseMs = 24 * 3_600_000;

/** The account's key; it is made where there is none. */
export function accountKey({ store }: Pick<Platform, 'store'>): string {
  const known = store.ownKeys.get('acme-account');
  if (known) return known.key;
  const key = newPrivateKey();
  store.ownKeys.put('acme-account', { chain: '', key });
  return key;
}

/** What the router answers an authority with; null: nothing. */
export function acmeThumbprint(platform: Known): string | null {
  return platform.config.acme ? thumbprintOf(accountKey(platform)) : null;
}

/** Where the operator wants it. @returns what ends it; what is under way then is let go */
export function orderCertificates(platform: Omit<AcmeNeeds, 'orders'>): () => void {
  const { acme } = platform.config;
  if (!acme) return () => undefined;
  return keepOrdering({ ...platform, orders: createOrders(acme, accountKey(platform)) });
}

/** Orders what is due. @returns what ends it */
export function keepOrdering(needs: AcmeNeeds): () => void {
  const now = needs.now ?? (() => new Date());
  const bell = createBell();
  const ending = new AbortController();
  const forget = needs.certificates.onChanged(bell.ring);

  async function step(): Promise<void> {
    const states = hostStates(needs);
    const next = nextOrder(states, holdOf(needs));
    const wait = next ? next.at - now().getTime() : longestSleepMs;
    if (next && wait <= 0) await orderOne(needs, states, states.find(({ host }) => host === next.host)!, now);
    else await bell.wait(Math.min(wait, longestSleepMs), ending.signal);
  }

  async function follow(): Promise<void> {
    for (let stumbles = 0; !ending.signal.aborted; ) {
      try {
        await step();
        stumbles = 0;
      } catch (error) {
        // The store may have closed under what was let go.
        if (ending.signal.aborted) return;
        // A full disk, for example: what is not stored would be ordered again and again.
        const pause = Math.min((needs.pauseMs ?? longestSleepMs) * 2 ** stumbles++, longestPauseMs);
        needs.log.error(
          { error: messageOf(error), seconds: pause / 1000 },
          'ordering certificates goes on after a pause',
        );
        await delay(pause, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  void follow();
  return () => {
    forget();
    ending.abort();
  };
}

type OwnedState = HostState & WantedHost;

async function orderOne(
  needs: AcmeNeeds,
  states: readonly OwnedState[],
  { host, appId, failure }: OwnedState,
  now: () => Date,
): Promise<void> {
  const { store, certificates } = needs;
  const directory = directoryOf(needs);
  try {
    const made = await needs.orders.order(host);
    const checked = checkCertificate(made.chain, made.key, now());
    // Meanwhile the host may have left.
    if (!wantedHosts(needs, everyHost(needs)).some((one) => one.host === host && one.appId === appId)) return;
    store.transaction(() => {
      for (const old of store.certificates.all())
        if (old.source === 'acme' && old.names.includes(host)) store.certificates.remove(old.id);
      store.certificates.add({ appId, name: `acme-${host}`, source: 'acme', ...checked });
      store.acmeFailures.remove(directory, host);
      store.acmeFailures.remove(directory, null);
    });
    say(
      needs,
      appId,
      `Certificate for ${host} issued by ${checked.facts.issuer}, good until ${checked.facts.notAfter}`,
    );
  } catch (error) {
    const asked = error instanceof AskedToWait ? error.retryAfterMs : null;
    const next = failed(host, failure, messageOf(error), now(), asked);
    store.acmeFailures.put(directory, host, next);
    say(needs, appId, `No certificate for ${host}: ${next.reason} It is tried again at ${next.nextAt}`);
    const others = states.filter((state) => state.host !== host);
    if (error instanceof AskedToWait && isAboutAll(error.message, host)) holdAll(needs, others, error, now());
    return;
  }
  await certificates
    .changed()
    .catch((error: unknown) => needs.log.warn({ error: messageOf(error) }, 'serving a new certificate'));
}

/** The host that was asked for has failed all the same: should it be about that alone, another is tried first after the wait. */
function holdAll(needs: AcmeNeeds, others: readonly OwnedState[], asked: AskedToWait, now: Date): void {
  const directory = directoryOf(needs);
  const hold = failed(directory, holdOf(needs), asked.message, now, asked.retryAfterMs);
  needs.store.acmeFailures.put(directory, null, hold);
  needs.log.warn({ reason: hold.reason, until: hold.nextAt }, 'the authority takes no orders for now');
  for (const state of others)
    if (state.appId && dueAt(state) <= now.getTime())
      say(needs, state.appId, `No certificate for ${state.host} yet: ${saidOf(hold)}`);
}

/** What the authority said of all orders, and until when that holds. */
function holdOf(known: Known): Failure | null {
  return known.store.acmeFailures.of(directoryOf(known), null);
}

/** The authority that is asked now: what another one said, before the setting was changed, does not count. */
function directoryOf({ config }: Pick<Known, 'config'>): string {
  return config.acme?.directory ?? '';
}

function saidOf({ reason, nextAt }: Failure): string {
  return `the authority takes no orders of this server for now (${reason}). They go on at ${nextAt}`;
}

function hostStates(needs: Known): OwnedState[] {
  const { store } = needs;
  const certificates = store.certificates.all().filter(({ source }) => source === 'acme');
  store.acmeFailures.adopt(directoryOf(needs));
  const failures = store.acmeFailures.ofHosts(directoryOf(needs));
  const every = everyHost(needs);
  const wanted = wantedHosts(needs, every);
  for (const { id, appId, names } of certificates)
    if (!every.some((one) => one.appId === appId && names.includes(one.host))) store.certificates.remove(id);
  for (const name of store.acmeFailures.hosts())
    if (!wanted.some(({ host }) => host === name)) store.acmeFailures.forget(name);
  return wanted.map((one) => ({
    ...one,
    certificate:
      certificates.find(({ appId, names }) => appId === one.appId && names.includes(one.host)) ?? null,
    failure: failures.get(one.host) ?? null,
  }));
}

function everyHost({ store, config }: Known): WantedHost[] {
  const own = ownHosts(config).map((host) => ({ host, appId: null }));
  const apps = store.apps
    .list()
    .flatMap((app) => hostsOf({ store, config }, app).map((host) => ({ host, appId: app.id })));
  return [...own, ...apps];
}

/** Those that a public authority can vouch for, and that nobody added a certificate for that is valid. */
function wantedHosts({ store }: Known, every: readonly WantedHost[]): WantedHost[] {
  const added = store.certificates.all().filter(({ source }) => source === 'added');
  const now = new Date();
  return every.filter(({ host, appId }, index) => {
    if (reasonAgainst(host) || every.findIndex((one) => one.host === host) !== index) return false;
    const chosen = chooseCertificate(added, host, appId, now);
    return !chosen || !isValid(chosen, now);
  });
}

function reasonAgainst(host: string): string | null {
  if (host.startsWith('*.'))
    return 'A wildcard cannot be proved over HTTP. Order its certificate elsewhere and add it: twelve certs:add CRT KEY';
  if (!host.includes('.') || host.endsWith('.localhost') || /^[\d.]+$/.test(host) || host.includes(':'))
    return 'No public authority vouches for such a name.';
  return null;
}

const notTheApps = 'This is a name of the platform itself, and leads to no app.';

/** How a host of an app stands; null where certificates are not ordered, or not for it. */
export function acmeStatusOf({ store, config }: Known, appId: string, host: string): AcmeStatus | null {
  if (!config.acme) return null;
  if (platformNames(config).includes(host)) return { status: 'failed', reason: notTheApps };
  const now = new Date();
  const chosen = chooseCertificate(store.certificates.all(), host, appId, now);
  const failure = store.acmeFailures.of(directoryOf({ config }), host);
  const valid = chosen && isValid(chosen, now);
  if (valid && chosen.source === 'added') return null;
  const hold = holdOf({ store, config });
  const due = dueAt({ host, certificate: valid ? chosen : null, failure });
  const held = hold && now < new Date(hold.nextAt) && due <= now.getTime() ? saidOf(hold) : null;
  if (valid) return { status: 'cert issued', reason: failure?.reason ?? held };
  const against = reasonAgainst(host);
  if (against) return { status: 'failed', reason: against };
  if (failure) return { status: 'failing', reason: failure.reason };
  return { status: 'pending', reason: held };
}

function say({ logs, log }: AcmeNeeds, appId: string | null, text: string): void {
  if (appId) logs.write(appId, { source: 'twelve', process: 'acm', text });
  else log.info(text);
}
