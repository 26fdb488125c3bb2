// Certificates that are ordered by themselves: one after another, each when it is due.
import { setTimeout as delay } from 'node:timers/promises';
import { AskedToWait, createOrders, newPrivateKey, type Orders, thumbprintOf } from '../certificates/acme.ts';
import { checkCertificate } from '../certificates/check.ts';
import { dueAt, failed, isAboutAll, nextOrder } from '../certificates/renewal.ts';
import { messageOf } from '../domain/errors.ts';
import {
  type AcmeKnown,
  directoryOf,
  everyHost,
  holdOf,
  hostStates,
  type OwnedState,
  saidOf,
  wantedHosts,
} from './acme-hosts.ts';
import { createBell } from './bell.ts';
import type { Platform } from './context.ts';

export interface AcmeNeeds extends AcmeKnown, Pick<Platform, 'certificates' | 'logs' | 'log'> {
  orders: Orders;
  now?: () => Date;
  /** After what nobody expected; twice as long each time. */
  pauseMs?: number;
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
export function acmeThumbprint(platform: AcmeKnown): string | null {
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
    const states = hostStates(needs, now());
    const next = nextOrder(states, holdOf(needs, now()));
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
    const wanted = wantedHosts(needs, store.certificates.all(), everyHost(needs), now());
    if (!wanted.some((one) => one.host === host && one.appId === appId)) return;
    store.transaction(() => {
      for (const old of store.certificates.all())
        if (old.source === 'acme' && old.names.includes(host)) store.certificates.remove(old.id);
      store.certificates.add({ appId, name: `acme-${host}`, source: 'acme', directory, ...checked });
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
    say(
      needs,
      appId,
      `No certificate for ${host}: ${next.reason} It is tried again at ${next.nextAt}`,
      'warn',
    );
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
  const hold = failed(directory, holdOf(needs, now), asked.message, now, asked.retryAfterMs);
  needs.store.acmeFailures.put(directory, null, hold);
  needs.log.warn({ reason: hold.reason, until: hold.nextAt }, 'the authority takes no orders for now');
  for (const state of others)
    if (state.appId && dueAt(state) <= now.getTime())
      say(needs, state.appId, `No certificate for ${state.host} yet: ${saidOf(hold)}`);
}

/** Where its owner reads it. @param level in the server's own log */
function say(
  { logs, log }: AcmeNeeds,
  appId: string | null,
  text: string,
  level: 'info' | 'warn' = 'info',
): void {
  if (appId) logs.write(appId, { source: 'twelve', process: 'acm', text });
  else log[level](text);
}
