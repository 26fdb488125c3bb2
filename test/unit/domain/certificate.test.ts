// Which certificate a host of an app is served with.
import { expect, test } from 'vitest';
import {
  type Certificate,
  chooseCertificate,
  chooserOf,
  covers,
} from '../../../platform/domain/certificate.ts';

const now = new Date('2026-06-01T00:00:00Z');
const certificate = (id: string, more: Partial<Certificate> = {}): Certificate => ({
  ...{
    id,
    appId: 'one',
    name: id,
    source: 'added',
    directory: null,
    chain: '',
    createdAt: '2026-01-01T00:00:00.000Z',
  },
  ...{ names: ['www.example.com'], subject: '', issuer: '', serial: '', fingerprint: '', selfSigned: false },
  ...{ notBefore: '2026-05-01T00:00:00.000Z', notAfter: '2026-08-01T00:00:00.000Z' },
  ...more,
});
const chosen = (known: readonly Certificate[], host = 'www.example.com', app = 'one') =>
  chooseCertificate(known, host, app, now)?.id;

test.each([
  [['www.example.com'], 'www.example.com', true],
  [['*.example.com'], 'www.example.com', true],
  [['*.example.com'], '*.example.com', true],
  [['*.example.com'], 'example.com', false],
  [['*.example.com'], 'a.www.example.com', false],
  [['www.example.com'], '*.example.com', false],
  [['*.com'], '*.example.com', false],
  [['*.localhost'], 'localhost', false],
])('%j covers %s: %s', (names, host, does) => {
  expect(covers(names, host)).toBe(does);
});

test('of the app or of the server, never of another app', () => {
  expect(chosen([certificate('theirs', { appId: 'two' })])).toBeUndefined();
  const server = certificate('server', { appId: null, notAfter: '2027-01-01T00:00:00.000Z' });
  expect(chosen([server])).toBe('server');
  expect(chosen([server, certificate('own')])).toBe('own');
  expect(chosen([server, certificate('own')], 'mail.example.com')).toBeUndefined();
});

test('a valid one before one that has expired, an added one before an ordered one, the longest', () => {
  const expired = certificate('expired', { notAfter: '2026-05-31T23:59:59.000Z' });
  const ordered = certificate('ordered', { source: 'acme', notAfter: '2026-08-30T00:00:00.000Z' });
  const longer = certificate('longer', { notAfter: '2026-08-02T00:00:00.000Z' });
  expect(chosen([expired])).toBe('expired');
  expect(chosen([expired, ordered])).toBe('ordered');
  expect(chosen([certificate('short'), ordered, longer, expired])).toBe('longer');
  expect(chosen([certificate('server', { appId: null }), expired])).toBe('server');
});

test('who chooses for many hosts chooses the same', () => {
  const known = [
    certificate('both', {
      names: ['*.example.com', 'www.example.com'],
      notAfter: '2026-07-01T00:00:00.000Z',
    }),
    certificate('wild', { names: ['*.example.com', 'example.com'] }),
    certificate('single', { names: ['localhost', '*.localhost'] }),
    certificate('theirs', { appId: 'two', names: ['www.example.com'] }),
    certificate('server', { appId: null, names: ['*.example.com', 'a.www.example.com'] }),
  ];
  const choose = chooserOf(known);
  const hosts = [
    'www.example.com',
    '*.example.com',
    'example.com',
    'a.www.example.com',
    'localhost',
    'x.org',
  ];
  const ids = hosts.map((host) => ['one', 'two', null].map((app) => choose(host, app, now)?.id));
  expect(ids).toEqual([
    ['wild', 'theirs', 'server'],
    ['wild', 'server', 'server'],
    ['wild', undefined, undefined],
    ['server', 'server', 'server'],
    ['single', undefined, undefined],
    [undefined, undefined, undefined],
  ]);
  expect(ids).toEqual(
    hosts.map((host) => ['one', 'two', null].map((app) => chooseCertificate(known, host, app, now)?.id)),
  );
});
