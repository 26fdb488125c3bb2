// The API over TLS: the certificate that fits the name, the platform's own for all others, replaced while it listens; and links in answers.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Request } from 'express';
import { expect, test } from 'vitest';
import { createTlsServer } from '../../../platform/api/tls-server.ts';
import { linkBase } from '../../../platform/api/wire.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { certificateOf, handshake } from '../../support/visit-tls.ts';

test('a name gets its certificate, all others the own one, and a change is served to who comes after it', async () => {
  const [first, second, named] = await Promise.all([
    makeCertificate('first', { names: ['localhost'] }),
    makeCertificate('second', { names: ['localhost'] }),
    makeCertificate('named', { names: ['apps.test'] }),
  ]);
  let own = first;
  let changed: () => void = () => {};
  const server = createTlsServer(
    {
      pairFor: (name) => (name === 'apps.test' ? named : own),
      onChanged(listener) {
        changed = listener;
        return () => {};
      },
    },
    (_request, response) => response.end('hello'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const shake = (servername: string, more?: ConnectionOptions) => handshake(port, servername, more);
  const shown = async (servername: string): Promise<unknown> =>
    (await certificateOf(port, servername)).subject.CN;
  expect([await shown('apps.test'), await shown('other.test'), await shown('')]).toEqual([
    'named',
    'first',
    'first',
  ]);
  const open = await shake('');
  own = second;
  changed();
  expect([await shown('apps.test'), await shown('other.test'), await shown('')]).toEqual([
    'named',
    'second',
    'second',
  ]);
  open.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(String((await once(open, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
  open.destroy();
  const old = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
  await expect(shake('', old)).rejects.toThrow();
  for (const name of ['', 'apps.test']) {
    const of12 = (ciphers: string) => shake(name, { ciphers, maxVersion: 'TLSv1.2' });
    (await of12('ECDHE-ECDSA-AES128-GCM-SHA256')).destroy();
    await expect(of12('ECDHE-ECDSA-AES128-SHA')).rejects.toThrow();
  }
  server.closeAllConnections();
  server.close();
});

const own = {
  domain: 'apps.test',
  api: { host: '127.0.0.1', port: 5480 },
  apiTls: { host: '0.0.0.0', port: 5443 },
  apiNames: ['twelve'],
};

test.each([
  ['127.0.0.1:5480', false, null, 'http://127.0.0.1:5480'],
  ['apps.test:5443', true, null, 'https://apps.test:5443'],
  ['203.0.113.9:5443', true, null, 'https://203.0.113.9:5443'],
  ['203.0.113.9:5480', false, null, 'http://203.0.113.9:5480'],
  ['twelve.', false, null, 'http://twelve.'],
  [undefined, false, null, 'http://127.0.0.1:5480'],
  ['paas.test:5443', true, 'https://paas.test:5443', 'https://paas.test:5443'],
  ['paas.test:5480', false, 'https://paas.test:5443', 'http://paas.test:5480'],
  // Behind a proxy that ends the TLS.
  ['Paas.test', false, 'https://paas.test', 'https://paas.test'],
  ['evil.test:5443', true, 'https://paas.test:5443', 'https://paas.test:5443'],
  ['evil.test', true, null, 'http://127.0.0.1:5480'],
])('links for a request to %s (TLS: %s, public %s) begin with %s', (host, encrypted, publicUrl, base) => {
  const request = { headers: { host }, socket: encrypted ? { encrypted: true } : {} } as unknown as Request;
  expect(linkBase(request, { ...own, publicUrl })).toBe(base);
});
