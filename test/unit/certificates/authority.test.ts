// Our own authority: what it issues is trusted by who trusts it, for the names that are in it, and made anew in time.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { isOutdated, issue, makeAuthority } from '../../../platform/certificates/authority.ts';

const now = new Date();
const names = ['apps.example.com', '*.apps.example.com', '127.0.0.1', '::1'];

test('who knows the authority trusts what it issued, and nobody else does', async () => {
  const authority = await makeAuthority('apps.example.com', now);
  const leaf = await issue(authority, names, now);
  const server = createServer({ cert: leaf.chain, key: leaf.key }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const reach = async (servername: string, ca?: string): Promise<unknown> => {
    const socket = connect({ host: '127.0.0.1', port, servername, ...(ca ? { ca } : {}) });
    try {
      await once(socket, 'secureConnect');
      return 'trusted';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    } finally {
      socket.destroy();
    }
  };
  expect(await reach('one.apps.example.com', authority.chain)).toBe('trusted');
  expect(await reach('', authority.chain)).toBe('trusted');
  expect(await reach('one.example.com', authority.chain)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await reach('one.apps.example.com')).toBe('SELF_SIGNED_CERT_IN_CHAIN');
  const other = await makeAuthority('apps.example.com', now);
  expect(await reach('one.apps.example.com', other.chain)).not.toBe('trusted');
  server.close();
});

test('the authority may sign hosts and no further authorities', async () => {
  const authority = new X509Certificate((await makeAuthority('apps.example.com', now)).chain);
  expect(authority.ca).toBe(true);
  expect(authority.subject).toBe('CN=Twelve CA of apps.example.com');
  expect((authority.toString().match(/BEGIN/g) ?? []).length).toBe(1);
});

test('another name, another authority, or a third of its time left: it is made anew', async () => {
  const authority = await makeAuthority('apps.example.com', now);
  const leaf = await issue(authority, names, now);
  const later = (days: number): Date => new Date(now.getTime() + days * 86_400_000);
  expect(isOutdated(leaf, authority, names, now)).toBe(false);
  expect(isOutdated(leaf, authority, names.slice(1), now)).toBe(false);
  expect(isOutdated(leaf, authority, [...names, '10.0.0.1'], now)).toBe(true);
  expect(isOutdated(leaf, authority, [...names, 'api.example.com'], now)).toBe(true);
  expect(isOutdated(leaf, authority, [...names, 'apps.example'], now)).toBe(true);
  expect(isOutdated(leaf, await makeAuthority('apps.example.com', now), names, now)).toBe(true);
  expect(isOutdated(leaf, authority, names, later(250))).toBe(false);
  expect(isOutdated(leaf, authority, names, later(270))).toBe(true);
});
