// Addresses of this machine, as the kernel has them.
import { expect, test } from 'vitest';
import { hostAddresses, localAddresses } from '../../../platform/engine/host-addresses.ts';

test('addresses of this machine are also those of bridges that nobody is connected to', () => {
  const table = `Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 172.17.0.0
        /16 link UNICAST
     |-- 172.17.0.1
        /32 host LOCAL
     |-- 172.17.255.255
        /32 link BROADCAST
     |-- 192.0.2.2
        /32 host LOCAL
`;
  expect(localAddresses(table)).toEqual(['172.17.0.1', '192.0.2.2']);
  expect(hostAddresses()).toContain('127.0.0.1');
});
