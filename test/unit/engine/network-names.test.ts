// Networks of ours on an engine: without Docker's own resolver where containers do not need it.
import { expect, test } from 'vitest';
import {
  createNetworkNames,
  ourName,
  resolvesWithoutLoopback,
} from '../../../platform/engine/docker-network-names.ts';

test.each([
  ['a name server of the network', 'nameserver 10.0.0.53\n', '', true],
  ['comments and other lines', '# nameserver 10.0.0.1\nsearch lan\n  nameserver\t192.168.1.1\n', '', true],
  ['one on the loopback and another', 'nameserver 127.0.0.1\nnameserver 9.9.9.9\n', '', true],
  ['only IPv6, which our networks have not', 'nameserver fd00::53\n', '', false],
  ['a loopback and IPv6', 'nameserver 127.0.0.1\nnameserver fd00::53\n', '', false],
  ['only a program on the loopback', 'nameserver 127.0.0.1\n', 'nameserver 10.0.0.53\n', false],
  ['only IPv6 loopback', 'nameserver ::1\n', '', false],
  ['systemd-resolved, which knows others', 'nameserver 127.0.0.53\n', 'nameserver 10.0.0.53\n', true],
  ['systemd-resolved, which knows none', 'nameserver 127.0.0.53\n', '', false],
  ['none at all', '', '', false],
])('%s', (_, usual, systemd, expected) => {
  expect(resolvesWithoutLoopback({ usual, systemd })).toBe(expected);
});

function connection(networks: { Name: string; Id: string }[]) {
  let asked = 0;
  const docker = {
    listNetworks: async () => {
      asked += 1;
      return networks;
    },
  };
  const call = <T>(_: string, work: () => Promise<T>): Promise<T> => work();
  return { connection: { docker, call } as never, asked: () => asked };
}

test('a container joins by id what is found by name, and the engine is asked once', async () => {
  const engine = connection([{ Name: 'container:twelve-a', Id: 'id-of-a' }]);
  const names = createNetworkNames(engine.connection, () => true);
  expect(names.toMake('twelve-a')).toBe('container:twelve-a');
  expect(await names.modeOf('twelve-a')).toBe('id-of-a');
  expect(await names.modeOf('twelve-a')).toBe('id-of-a');
  expect(engine.asked()).toBe(1);
  names.learn('twelve-b', 'id-of-b');
  expect(await names.modeOf('twelve-b')).toBe('id-of-b');
  names.learn('twelve-b', undefined);
  expect(await names.modeOf('twelve-b')).toBe('twelve-b');
  expect(await names.modeOf('host')).toBe('host');
  expect(engine.asked()).toBe(2);
});

test('ordinary names where containers need the resolver, or the engine takes no others', () => {
  expect(createNetworkNames(connection([]).connection, () => false).toMake('twelve-a')).toBe('twelve-a');
  const names = createNetworkNames(connection([]).connection, () => true);
  names.refused();
  expect(names.toMake('twelve-a')).toBe('twelve-a');
});

test('the name is ours again when it is read', () => {
  expect(ourName('container:twelve-a')).toBe('twelve-a');
  expect(ourName('twelve-a')).toBe('twelve-a');
});

test('a list begun before a network was made again does not bring the old one back', async () => {
  const networks = [{ Name: 'container:twelve-a', Id: 'old' }];
  let answer = (): void => {};
  const docker = {
    listNetworks: async () => {
      const found = structuredClone(networks);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return found;
    },
  };
  const call = <T>(_: string, work: () => Promise<T>): Promise<T> => work();
  const names = createNetworkNames({ docker, call } as never, () => true);
  const listed = names.list();
  names.learn('twelve-a', undefined);
  names.learn('twelve-a', 'new');
  answer();
  await listed;
  expect(await names.modeOf('twelve-a')).toBe('new');
});

test('whether the host resolves names is asked for each network', () => {
  let resolves = true;
  const names = createNetworkNames(connection([]).connection, () => resolves);
  expect(names.toMake('twelve-a')).toBe('container:twelve-a');
  resolves = false;
  expect(names.toMake('twelve-b')).toBe('twelve-b');
});
