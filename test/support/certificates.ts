// Certificates for tests: an authority's, and chains that are wrong on purpose.
import { createPrivateKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from '../../platform/certificates/authority.ts';

x509.cryptoProvider.set(webcrypto);
const day = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

interface Wanted {
  names?: readonly string[];
  /** Days from now. */
  from?: number;
  to?: number;
  authority?: boolean;
  issuer?: Issued;
}

export interface Issued extends KeyPair {
  certificate: x509.X509Certificate;
  signingKey: webcrypto.CryptoKey;
}

export async function makeCertificate(subject: string, wanted: Wanted = {}): Promise<Issued> {
  const { names = [], from = -1, to = 90, authority = false, issuer } = wanted;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${subject}`,
    issuer: issuer?.certificate.subject ?? `CN=${subject}`,
    notBefore: new Date(Date.now() + from * day),
    notAfter: new Date(Date.now() + to * day),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: issuer?.signingKey ?? keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(authority, undefined, true),
      ...(names.length > 0
        ? [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))]
        : []),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    certificate,
    signingKey: keys.privateKey,
    chain: `${certificate.toString('pem').trim()}\n`,
    key: String(key.export({ type: 'pkcs8', format: 'pem' })),
  };
}

export const otherKey = (): string =>
  String(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );
