// Certificates for visitors: added, removed, and which host is served with which.
import { randomBytes } from 'node:crypto';
import { checkCertificate } from '../certificates/check.ts';
import type { App } from '../domain/app.ts';
import { type Certificate, chooserOf, covers } from '../domain/certificate.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import type { RouterCertificate } from '../router/router.ts';
import { hostsOf } from './apps.ts';
import type { Caller, Platform } from './context.ts';

/** Each is an entry that the router keeps in its memory. */
const mostPerOwner = 200;

type Names = Pick<Platform, 'store' | 'config'>;

/** Of an app, or of the server with null. */
export type CertificateOwner = App | null;

/**
 * From its answer on visitors of the names in it get it.
 * @throws PlatformError `invalid_params` that says what is wrong with it
 */
export async function addCertificate(
  platform: Platform,
  owner: CertificateOwner,
  caller: Caller,
  given: { chain: string; key: string },
): Promise<Certificate> {
  const { store } = platform;
  const checked = checkCertificate(given.chain, given.key, new Date());
  const certificate = store.transaction(() => {
    const known = added(platform, owner);
    if (known.some((one) => one.fingerprint === checked.facts.fingerprint))
      throw new PlatformError('invalid_params', `${nameOf(owner)} has this certificate already.`);
    if (known.length >= mostPerOwner)
      throw new PlatformError(
        'invalid_params',
        `${nameOf(owner)} has ${mostPerOwner} certificates, which is as many as it can have. Remove those that have expired: twelve certs`,
      );
    return store.certificates.add({
      appId: owner?.id ?? null,
      name: `cert-${randomBytes(4).toString('hex')}`,
      source: 'added',
      directory: null,
      ...checked,
    });
  });
  await platform.certificates.changed();
  say(platform, owner, caller, `Certificate ${certificate.name} (${certificate.names.join(', ')}) added`);
  return certificate;
}

/** From its answer on it is not served any more. @throws PlatformError `not_found` */
export async function removeCertificate(
  platform: Platform,
  owner: CertificateOwner,
  caller: Caller,
  which: string,
): Promise<Certificate> {
  const certificate = findCertificate(platform, owner, which);
  platform.store.certificates.remove(certificate.id);
  await platform.certificates.changed();
  say(platform, owner, caller, `Certificate ${certificate.name} (${certificate.names.join(', ')}) removed`);
  return certificate;
}

/** What was added; what was ordered is not listed, as on Heroku. */
export function added({ store }: Names, owner: CertificateOwner): Certificate[] {
  return store.certificates
    .all()
    .filter((one) => one.source === 'added' && one.appId === (owner?.id ?? null));
}

/** By name or id. @throws PlatformError `not_found` */
export function findCertificate(platform: Names, owner: CertificateOwner, which: string): Certificate {
  const found = added(platform, owner).find((one) => one.id === which || one.name === which);
  if (!found)
    throw notFound(
      'sni_endpoint',
      `${nameOf(owner)} has no certificate "${which.slice(0, 80)}". "twelve certs" lists those it has.`,
    );
  return found;
}

/** Hosts of the owner (null: of all apps), read once; of these, those that are in a certificate. */
export function coveredHosts(
  platform: Names,
  owner: CertificateOwner,
): (certificate: Certificate) => string[] {
  const apps = owner ? [owner] : platform.store.apps.list();
  const all = apps.flatMap((app) => hostsOf(platform, app));
  return ({ names }) => all.filter((host) => covers(names, host));
}

/** Names of the platform itself, each once: often the API is reached by the domain too. */
export function ownHosts({ domain, publicUrl }: Pick<Names['config'], 'domain' | 'publicUrl'>): string[] {
  return [...new Set([domain, ...(publicUrl === null ? [] : [new URL(publicUrl).hostname])])];
}

/** What the router serves: for each host, also of the platform, the certificate that fits it best; for others its default. */
export function servedCertificates(platform: Names, now: Date): RouterCertificate[] {
  const { store } = platform;
  const known = store.certificates.all();
  if (known.length === 0) return [];
  const hosts = new Map<string, Set<string>>();
  const choose = chooserOf(known);
  const give = (host: string, appId: string | null): void => {
    const chosen = choose(host, appId, now);
    if (chosen) hosts.set(chosen.id, (hosts.get(chosen.id) ?? new Set()).add(host));
  };
  for (const app of store.apps.list()) for (const host of hostsOf(platform, app)) give(host, app.id);
  for (const host of ownHosts(platform.config)) give(host, null);
  return known.flatMap(({ id, chain }) => {
    const own = hosts.get(id);
    const key = own && store.certificates.keyOf(id);
    return key ? [{ pem: `${chain.trim()}\n${key.trim()}`, hosts: [...own] }] : [];
  });
}

/** The setting is kept; it is in force while the server listens for HTTPS. @throws PlatformError `invalid_params` */
export async function setHttpsRedirect(platform: Platform, app: App, on: boolean): Promise<void> {
  if (on) requireHttps(platform);
  platform.store.apps.setHttpsRedirect(app.id, on);
  await platform.processes.changed(app.id);
}

/** @throws PlatformError `invalid_params` */
export function requireHttps({ config }: Pick<Platform, 'config'>): void {
  if (config.https) return;
  throw new PlatformError(
    'invalid_params',
    'This server does not listen for HTTPS, so nobody can be sent there. Whoever runs it sets TWELVE_HTTPS, to 0.0.0.0:443 for example.',
  );
}

function nameOf(owner: CertificateOwner): string {
  return owner?.name ?? 'The server';
}

/** Where its owner reads it. */
export function say(
  { logs, log }: Pick<Platform, 'logs' | 'log'>,
  owner: CertificateOwner,
  { user }: Caller,
  text: string,
): void {
  if (owner)
    logs.write(owner.id, { source: 'twelve', process: 'api', text: `${text} by user ${user.email}` });
  else log.info({ user: user.email }, text);
}
