// A certificate authority of our own: what visitors and clients get until a name has a certificate that the world knows.
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

export interface KeyPair {
  /** PEM; of a host's certificate with the one that issued it. */
  chain: string;
  /** PEM, PKCS #8. */
  key: string;
}

const day = 86_400_000;
/** Ten years: clients have pinned it. */
const authorityDays = 3650;
/** What Apple's programs take of an authority that the world does not know. */
const leafDays = 397;
/** Of its last days an authority issues nothing more. */
const lastDays = 30;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** @param owner of the platform, as people see it in their list of authorities */
export async function makeAuthority(owner: string, now: Date): Promise<KeyPair> {
  const x509 = await library();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`Twelve CA of ${owner}`.slice(0, 64)] }],
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + authorityDays * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { chain: certificate.toString('pem'), key: await pem(keys.privateKey) };
}

/** For host names and addresses. */
export async function issue(authority: KeyPair, names: readonly string[], now: Date): Promise<KeyPair> {
  const x509 = await library();
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.chain);
  const der = createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [names.find((name) => name.length <= 64) ?? 'Twelve'] }],
    issuer: issuer.subject,
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(Math.min(now.getTime() + leafDays * day, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return {
    chain: `${certificate.toString('pem').trim()}\n${authority.chain.trim()}`,
    key: await pem(keys.privateKey),
  };
}

export function isEnding(authority: KeyPair, now: Date): boolean {
  return Date.parse(new X509Certificate(authority.chain).validTo) - now.getTime() < lastDays * day;
}

/** Of another authority, for other names, or with less than a third of its time left. */
export function isOutdated(leaf: KeyPair, authority: KeyPair, names: readonly string[], now: Date): boolean {
  const certificate = new X509Certificate(leaf.chain);
  const issuer = new X509Certificate(authority.chain);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return true;
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (now.getTime() > to - (to - from) / 3) return true;
  const held = (certificate.subjectAltName ?? '').toLowerCase().split(', ');
  return !names.every((name) => (isIP(name) ? certificate.checkIP(name) : held.includes(`dns:${name}`)));
}

export function fingerprintOf(pemText: string): string {
  return new X509Certificate(pemText).fingerprint256;
}

/** Loaded when something is made, which is seldom: it is large. */
async function library(): Promise<typeof import('@peculiar/x509')> {
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  return x509;
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return String(
    createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }),
  );
}

/** Positive, as the standard asks. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
