// Certificates for visitors: what is known of one, which names it is good for, and which one a host gets.
import type { HostName } from './host-name.ts';

export interface CertificateFacts {
  /** Host names in it (subjectAltName): `www.example.com`, `*.example.com`. */
  names: readonly string[];
  subject: string;
  issuer: string;
  notBefore: string;
  notAfter: string;
  serial: string;
  /** SHA-256 of the certificate: hex pairs with colons. */
  fingerprint: string;
  selfSigned: boolean;
}

export type CertificateSource = 'added' | 'acme';

export interface Certificate extends CertificateFacts {
  id: string;
  /** null: the server's, for every app. */
  appId: string | null;
  /** As users name it: `tyrannosaurus-12345`. */
  name: string;
  source: CertificateSource;
  /** The ACME directory of the authority that it was ordered from; null: it was added. */
  directory: string | null;
  /** PEM, the host's certificate first. */
  chain: string;
  createdAt: string;
}

/** A star stands for one label, in a certificate's name and in a domain of an app alike. */
export function covers(names: readonly string[], host: string): boolean {
  const wild = wildcardFor(host);
  return names.some(
    (name) => name === host || (host.includes('.') && !host.startsWith('*.') && name === wild),
  );
}

/**
 * The one that a host of an app (null: of the platform itself) is served with: valid ones first, then the app's own before the server's, what somebody added
 * before what was ordered, and of these the one that is good for longest.
 * @returns undefined when none covers the host
 */
export function chooseCertificate<Known extends Certificate>(
  known: readonly Known[],
  host: HostName | string,
  appId: string | null,
  now: Date,
): Known | undefined {
  const rank = (one: Known): readonly number[] => [
    isValid(one, now) ? 0 : 1,
    one.appId === appId ? 0 : 1,
    one.source === 'added' ? 0 : 1,
    -Date.parse(one.notAfter),
  ];
  return known
    .filter((one) => (one.appId === null || one.appId === appId) && covers(one.names, host))
    .map((one) => ({ one, order: rank(one) }))
    .sort((a, b) => compare(a.order, b.order) || a.one.id.localeCompare(b.one.id))[0]?.one;
}

/** The same choice for many hosts: of many certificates those alone are looked at that name the host or its wildcard. */
export function chooserOf<Known extends Certificate>(
  known: readonly Known[],
): (host: string, appId: string | null, now: Date) => Known | undefined {
  const byName = new Map<string, Known[]>();
  for (const one of known)
    for (const name of one.names) {
      const same = byName.get(name);
      if (same) same.push(one);
      else byName.set(name, [one]);
    }
  return (host, appId, now) => {
    const maybe = [host, wildcardFor(host)].flatMap((name) => byName.get(name) ?? []);
    return chooseCertificate(maybe, host, appId, now);
  };
}

export function isValid(one: Pick<CertificateFacts, 'notBefore' | 'notAfter'>, now: Date): boolean {
  return Date.parse(one.notBefore) <= now.getTime() && now.getTime() < Date.parse(one.notAfter);
}

function wildcardFor(host: string): string {
  return `*${host.slice(Math.max(host.indexOf('.'), 0))}`;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) if (value !== b[index]) return value - b[index]!;
  return 0;
}
