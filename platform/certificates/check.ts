// A certificate and its key as somebody gives them: understood, or refused with a sentence that says what to do.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { CertificateFacts } from '../domain/certificate.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';

export interface CheckedCertificate {
  facts: CertificateFacts;
  /** PEM without anything around it, the host's certificate first. */
  chain: string;
  /** PEM, PKCS #8. */
  key: string;
}

/** The router takes both in one command of at most its buffer, 16 kB. */
const mostBytes = 14_000;
/** With what may stand around a certificate or a key; looking through more would take long. */
const mostGiven = 65_536;
const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const hostPattern = /^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/;

/** @throws PlatformError `invalid_params` */
export function checkCertificate(chainText: string, keyText: string, now: Date): CheckedCertificate {
  requireShort('certificate', chainText);
  requireShort('key', keyText);
  const chain = certificatesIn(chainText);
  const key = keyIn(keyText);
  const leaf = chain[0]!;
  requirePair(chain, key);
  requireOrder(chain);
  requireTime(leaf, now);
  const facts = factsOf(leaf);
  if (facts.names.length === 0)
    throw refuse(
      'The certificate names no host (it has no DNS name in subjectAltName), so no browser accepts it. Order one for the names it is for.',
    );
  const checked = {
    facts,
    chain: chain.map((one) => one.toString().trim()).join('\n'),
    key: String(key.export({ type: 'pkcs8', format: 'pem' })).trim(),
  };
  requireUsable(checked, key);
  return checked;
}

export function factsOf(leaf: X509Certificate): CertificateFacts {
  const names = [...(leaf.subjectAltName ?? '').matchAll(/(?:^|, )DNS:("(?:[^"\\]|\\.)*"|[^,]+)/g)]
    .map((match) => match[1]!.trim().toLowerCase())
    .filter((name) => hostPattern.test(name));
  return {
    names: [...new Set(names)],
    subject: oneLine(leaf.subject),
    issuer: oneLine(leaf.issuer),
    notBefore: new Date(leaf.validFrom).toISOString(),
    notAfter: new Date(leaf.validTo).toISOString(),
    serial: leaf.serialNumber,
    fingerprint: leaf.fingerprint256,
    selfSigned: leaf.checkIssued(leaf),
  };
}

function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

function requireShort(what: string, text: string): void {
  if (text.length <= mostGiven) return;
  throw refuse(
    `The ${what} file has ${text.length} characters; at most ${mostGiven} are taken. Leave out what is not in PEM form.`,
  );
}

function certificatesIn(text: string): X509Certificate[] {
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0)
    throw refuse(
      text.includes('PRIVATE KEY-----')
        ? 'The certificate file holds a private key. The certificate comes first: twelve certs:add CRT KEY'
        : 'The certificate is not in PEM form ("-----BEGIN CERTIFICATE-----"). From DER: openssl x509 -inform der -in FILE -out FILE.pem',
    );
  return blocks.map((one, index) => {
    try {
      return new X509Certificate(one);
    } catch (error) {
      throw refuse(`Certificate ${index + 1} of the chain cannot be read (${messageOf(error)}).`);
    }
  });
}

function keyIn(text: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text))
    throw refuse('The private key has a passphrase. Take it off first: openssl pkey -in KEY -out KEY.plain');
  const found = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/.exec(text)?.[0];
  if (!found)
    throw refuse(
      text.includes('BEGIN CERTIFICATE')
        ? 'The key file holds a certificate and no private key. The key comes second: twelve certs:add CRT KEY'
        : 'The private key is not in PEM form ("-----BEGIN PRIVATE KEY-----").',
    );
  try {
    return createPrivateKey(found);
  } catch {
    // What OpenSSL says of it might quote it.
    throw refuse('The private key cannot be read: it is damaged, or of a kind that is not known.');
  }
}

function requirePair(chain: readonly X509Certificate[], key: KeyObject): void {
  if (chain[0]!.checkPrivateKey(key)) return;
  const place = chain.findIndex((one) => one.checkPrivateKey(key));
  throw refuse(
    place > 0
      ? `The private key belongs to certificate ${place + 1} of the chain. The host's own certificate comes first, then the one that issued it, and so on.`
      : `The private key does not belong to the certificate (${oneLine(chain[0]!.subject) || 'it has no subject'}). Give the key that it was ordered with.`,
  );
}

function requireOrder(chain: readonly X509Certificate[]): void {
  for (const [index, one] of chain.slice(0, -1).entries()) {
    const next = chain[index + 1]!;
    if (one.checkIssued(next) && one.verify(next.publicKey)) continue;
    throw refuse(
      `The chain is not in order: certificate ${index + 1} was issued by "${oneLine(one.issuer)}", and certificate ${index + 2} is "${oneLine(next.subject)}". The host's own certificate comes first, then the one that issued it, and so on.`,
    );
  }
}

function requireTime(leaf: X509Certificate, now: Date): void {
  const [from, to] = [new Date(leaf.validFrom), new Date(leaf.validTo)];
  // OpenSSL reads a certificate whatever stands where its dates belong.
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime()))
    throw refuse('The certificate is damaged: its dates cannot be read. Give it as it was issued.');
  if (to <= now) throw refuse(`The certificate has expired on ${day(to)}. Give the renewed one.`);
  if (from > now)
    throw refuse(`The certificate is not valid before ${from.toISOString()}. Is this machine's clock right?`);
}

function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** Browsers and the router must be able to use it: kind and strength of keys, of the chain's signatures too. */
function requireUsable({ chain, key: text }: CheckedCertificate, key: KeyObject): void {
  const kind = key.asymmetricKeyType;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const known = kind === 'rsa' || (kind === 'ec' && /^(prime256v1|secp384r1|secp521r1)$/.test(curve ?? ''));
  if (!known)
    throw refuse(
      `The key is of the kind ${curve ?? kind ?? 'unknown'}, which browsers do not take. RSA of 2048 bits and more and the curves P-256, P-384 and P-521 are.`,
    );
  try {
    createSecureContext({ cert: chain, key: text, ciphers: 'DEFAULT@SECLEVEL=2' });
  } catch (error) {
    throw refuse(`The certificate is too weak to be used (${messageOf(error).replace(/^error:\w+:/, '')}).`);
  }
  const bytes = chain.length + text.length;
  if (bytes > mostBytes)
    throw refuse(
      `Chain and key have ${bytes} bytes; at most ${mostBytes} are taken. Leave the root certificate out, or order it with fewer names or an EC key.`,
    );
}

function refuse(why: string): PlatformError {
  return new PlatformError('invalid_params', why);
}
