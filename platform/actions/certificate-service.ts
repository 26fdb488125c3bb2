// Keeps whoever speaks TLS supplied with certificates: the platform's own for a start, and those of apps as they change.
import { hostname } from 'node:os';
import {
  fingerprintOf,
  isEnding,
  isOutdated,
  issue,
  type KeyPair,
  makeAuthority,
} from '../certificates/authority.ts';
import type { Config } from '../config.ts';
import { chooseCertificate, isValid } from '../domain/certificate.ts';
import { messageOf } from '../domain/errors.ts';
import { nameOf, platformNames } from '../domain/own-names.ts';
import type { Router } from '../router/router.ts';
import type { Store } from '../store/store.ts';
import { servedCertificates } from './certificates.ts';
import { ownAddresses } from './own-addresses.ts';

export interface CertificateService {
  /** The platform's own authority, made when it is first asked for: PEM and SHA-256. */
  authority(): Promise<{ pem: string; fingerprint: string }>;
  /** Who reaches the platform itself over TLS by this name (null: by none) gets this one. */
  pairFor(name: string | null): KeyPair;
  /** Certificates, apps or their hosts changed. Resolves when all that serve know what there is now. */
  changed(): Promise<void>;
  /** @returns what ends it */
  onChanged(listener: () => void): () => void;
  close(): Promise<void>;
}

interface ServiceNeeds {
  store: Store;
  config: Config;
  router: Pick<Router, 'secure'>;
  now?: () => Date;
  onProblem(message: string): void;
}

/** A certificate that has just expired gives way to a valid one, and our own is made anew in time. */
const lookMs = 3_600_000;

/** What is served before anything else is known is handed to the router before this resolves. */
export async function createCertificateService(needs: ServiceNeeds): Promise<CertificateService> {
  const { store, config, router } = needs;
  const now = needs.now ?? (() => new Date());
  // A server that speaks no TLS makes nothing, and loads nothing to make it with.
  const speaksTls = config.https !== null || config.apiTls !== null;
  const listeners = new Set<() => void>();
  let authority: Promise<KeyPair> | undefined;
  let own: KeyPair | undefined;
  let ending = false;
  let last: Promise<void> = Promise.resolve();

  function ourAuthority(): Promise<KeyPair> {
    authority ??= ownAuthority(needs, now()).catch((error: unknown) => {
      // A full disk, for example: whoever asks next tries again.
      authority = undefined;
      throw error;
    });
    return authority;
  }

  async function tellAll(): Promise<void> {
    if (ending) return;
    if (authority && isEnding(await authority, now())) authority = undefined;
    if (speaksTls) own = await ownCertificate(needs, await ourAuthority(), now());
    for (const tell of listeners) tell();
    if (!config.https || !own) return;
    const entries = servedCertificates(needs, now());
    await router.secure({ fallback: `${own.chain.trim()}\n${own.key.trim()}`, entries });
  }

  /** One after another, each with what there is when its turn comes. */
  function changed(): Promise<void> {
    last = last.catch(() => undefined).then(tellAll);
    return last;
  }

  await changed();
  const timer = setInterval(() => {
    changed().catch((error: unknown) => needs.onProblem(`Certificates: ${messageOf(error)}`));
  }, lookMs);
  timer.unref();
  return {
    async authority() {
      const { chain } = await ourAuthority();
      return { pem: chain, fingerprint: fingerprintOf(chain) };
    },
    pairFor(name) {
      // At each handshake, so without those of apps, of which there may be many.
      const known = name === null ? [] : store.certificates.usableBy(null);
      const chosen = name === null ? undefined : chooseCertificate(known, name.toLowerCase(), null, now());
      // With one that has expired nobody could log in, also who knows our own authority.
      const key = chosen && isValid(chosen, now()) && store.certificates.keyOf(chosen.id);
      if (chosen && key) return { chain: chosen.chain, key };
      if (!own) throw new Error('this server speaks no TLS');
      return own;
    },
    changed,
    onChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      ending = true;
      clearInterval(timer);
      await last.catch(() => undefined);
    },
  };
}

async function ownAuthority({ store, config }: ServiceNeeds, now: Date): Promise<KeyPair> {
  const known = store.ownKeys.get('authority');
  if (known && !isEnding(known, now)) return known;
  const made = await makeAuthority(config.domain, now);
  store.ownKeys.put('authority', made);
  return made;
}

/** For the platform's names, those of apps without a certificate, and for who reaches us by an address. */
async function ownCertificate(
  { store, config }: ServiceNeeds,
  authority: KeyPair,
  now: Date,
): Promise<KeyPair> {
  const names = ownNames(config);
  const known = store.ownKeys.get('own');
  if (known && !isOutdated(known, authority, names, now)) return known;
  const made = await issue(authority, names, now);
  store.ownKeys.put('own', made);
  return made;
}

function ownNames(config: Config): string[] {
  const { domain, publicUrl } = config;
  const names = [
    domain,
    `*.${domain}`,
    'localhost',
    hostname().toLowerCase(),
    ...platformNames(config),
    // An address too.
    ...(publicUrl === null ? [] : [nameOf(new URL(publicUrl).hostname)]),
    ...ownAddresses().map(({ address }) => address),
  ];
  return [...new Set(names)].filter((name) => /^[a-z0-9*_.:-]{1,253}$/.test(name));
}
