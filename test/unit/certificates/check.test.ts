// A certificate as somebody gives it: what is understood of it, and what each refusal says.
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { checkCertificate } from '../../../platform/certificates/check.ts';
import { type Issued, makeCertificate, otherKey } from '../../support/certificates.ts';

const now = new Date();
let root: Issued;
let middle: Issued;
let leaf: Issued;
beforeAll(async () => {
  root = await makeCertificate('Root', { authority: true, to: 900 });
  middle = await makeCertificate('Middle', { authority: true, to: 500, issuer: root });
  leaf = await makeCertificate('www.example.com', {
    names: ['www.example.com', '*.Example.com'],
    issuer: middle,
  });
});

test('names, times and issuer are read; what stands around the certificates is left out', () => {
  const given = `Bag Attributes\n${leaf.chain}\n\nsubject=Middle\n${middle.chain}`;
  const { facts, chain, key } = checkCertificate(given, `# mine\n${leaf.key}`, now);
  expect(facts).toMatchObject({
    names: ['www.example.com', '*.example.com'],
    subject: 'CN=www.example.com',
    issuer: 'CN=Middle',
    selfSigned: false,
  });
  expect(facts.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(Date.parse(facts.notAfter) - now.getTime()).toBeGreaterThan(89 * 86_400_000);
  expect(chain.replaceAll('\r', '')).toBe(`${leaf.chain.trim()}\n${middle.chain.trim()}`);
  expect(key).toBe(leaf.key.trim());
});

test('one that signed itself is taken, and said to be so', async () => {
  const own = await makeCertificate('own.example.com', { names: ['own.example.com'] });
  expect(checkCertificate(own.chain, own.key, now).facts.selfSigned).toBe(true);
});

test.each<[string, () => Promise<readonly [string, string]> | readonly [string, string], RegExp]>([
  ['nothing', () => ['', leaf.key], /certificate is not in PEM form/],
  ['the two exchanged', () => [leaf.key, leaf.chain], /certificate comes first: twelve certs:add CRT KEY/],
  ['two certificates', () => [leaf.chain, leaf.chain], /no private key\. The key comes second/],
  ['no key', () => [leaf.chain, 'hello'], /private key is not in PEM form/],
  [
    'a key with a passphrase',
    () => [
      leaf.chain,
      String(
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
        } as never),
      ),
    ],
    /has a passphrase\. Take it off first: openssl pkey/,
  ],
  ['a damaged key', () => [leaf.chain, leaf.key.replace(/\n.{20}/, '\n!!!!')], /private key cannot be read/],
  [
    'another key',
    () => [leaf.chain, otherKey()],
    /does not belong to the certificate \(CN=www\.example\.com\)/,
  ],
  [
    'the chain upside down',
    () => [middle.chain + leaf.chain, leaf.key],
    /belongs to certificate 2 of the chain\. The host's own certificate comes first/,
  ],
  [
    'a link that is missing',
    () => [leaf.chain + root.chain, leaf.key],
    /certificate 1 was issued by "CN=Middle", and certificate 2 is "CN=Root"/,
  ],
  [
    'an issuer of the same name that did not sign it',
    async () => [leaf.chain + (await makeCertificate('Middle', { authority: true })).chain, leaf.key],
    /The chain is not in order/,
  ],
  ['no names', () => [middle.chain, middle.key], /names no host/],
  [
    'an expired one',
    async () => {
      const old = await makeCertificate('old.example.com', { names: ['old.example.com'], from: -9, to: -1 });
      return [old.chain, old.key];
    },
    /has expired on \d{4}-\d\d-\d\d\. Give the renewed one\./,
  ],
  [
    'one of tomorrow',
    async () => {
      const next = await makeCertificate('next.example.com', { names: ['next.example.com'], from: 1 });
      return [next.chain, next.key];
    },
    /is not valid before .* Is this machine's clock right\?/,
  ],
  [
    'a long file of certificates that never end',
    () => ['-----BEGIN CERTIFICATE-----'.repeat(18_000), leaf.key],
    /certificate file has 486000 characters; at most 65536 are taken/,
  ],
  [
    'a long file of keys that never end',
    () => [leaf.chain, '-----BEGIN PRIVATE KEY-----'.repeat(18_000)],
    /key file has 486000 characters; at most 65536 are taken/,
  ],
  [
    'more than the router takes at once',
    async () => {
      const names = Array.from({ length: 700 }, (_, index) => `name-${index}.example.com`);
      const large = await makeCertificate('large', { names });
      return [large.chain, large.key];
    },
    /Chain and key have \d+ bytes; at most 14000 are taken/,
  ],
  [
    'one whose dates are none',
    async () => {
      const der = Buffer.from(leaf.certificate.rawData);
      der.write('999999999999', der.toString('latin1').search(/\d{12}Z/), 'latin1');
      const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
      return [pem, leaf.key];
    },
    /is damaged: its dates cannot be read/,
  ],
])('%s is refused', async (_what, given, sentence) => {
  const [chain, key] = await given();
  const check = () => checkCertificate(chain, key, now);
  expect(check).toThrow(expect.objectContaining({ code: 'invalid_params' }));
  expect(check).toThrow(sentence);
});

test('a private key is in no refusal', () => {
  const secret = leaf.key.split('\n')[1]!;
  for (const key of [leaf.key.replace('\n', '\n?'), `${leaf.key}x`, otherKey() + leaf.key])
    try {
      checkCertificate(root.chain, key, now);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain(secret.slice(0, 20));
    }
});
