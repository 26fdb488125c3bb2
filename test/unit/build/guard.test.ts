// The guard in front of this machine: its rules as text, what it asks of iptables, and what it says when it cannot.
import { expect, test } from 'vitest';
import { createGuard, guardRules } from '../../../platform/build/guard.ts';
import { hostServices } from '../../../platform/build/host-services.ts';
import type { Run } from '../../../platform/engine/packet-filter.ts';

/** An iptables that knows PREROUTING; what it was told is in `calls`. */
function fakeIptables(rules: string[] = []) {
  const calls: string[] = [];
  const run: Run = async (program, args, input) => {
    calls.push([program, ...args].join(' '));
    const [command, ...rule] = args.slice(4);
    const text = `-A ${rule.join(' ')}`;
    if (program.endsWith('-restore')) return input ?? '';
    // The other family's, of which there is nothing to tell apart.
    if (program === 'ip6tables') return '';
    if (command === '-S') return `-P PREROUTING ACCEPT\n${rules.join('\n')}\n`;
    if (command === '-I') rules.unshift(text);
    if (command === '-D') rules.splice(rules.indexOf(text), 1);
    return '';
  };
  return { run, calls, rules };
}

const needs = { instance: 'abc', range: '10.213.0.0/16', services: async () => [] };

test('services come first, then this machine, its apps and link-local addresses are shut', () => {
  const rules = guardRules('TWELVE-abc', '10.213.0.0/16', [
    { address: '192.0.2.7', port: 4873 },
    { address: '192.0.2.1', port: 53 },
  ]);
  expect(rules.slice(0, 4)).toEqual([
    '-A TWELVE-abc -d 192.0.2.7/32 -p tcp -m tcp --dport 4873 -j RETURN',
    '-A TWELVE-abc -d 192.0.2.1/32 -p tcp -m tcp --dport 53 -j RETURN',
    '-A TWELVE-abc -d 192.0.2.1/32 -p udp -m udp --dport 53 -j RETURN',
    '-A TWELVE-abc -m addrtype --dst-type LOCAL -j DROP',
  ]);
  for (const range of ['10.213.0.0/16', '169.254.0.0/16', '100.100.100.200/32'])
    expect(rules).toContain(`-A TWELVE-abc -d ${range} -j DROP`);
});

test('closed twice there is one jump; another network takes its place; others stay', async () => {
  const other = '-A PREROUTING -i br-1 -j TWELVE-other';
  const fake = fakeIptables([other]);
  const guard = createGuard({ ...needs, run: fake.run });
  expect(await guard.close('br-1')).toBeNull();
  expect(await guard.close('br-1')).toBeNull();
  expect(fake.rules).toEqual(['-A PREROUTING -i br-1 -j TWELVE-abc', other]);
  await guard.close('br-2');
  expect(fake.rules).toEqual(['-A PREROUTING -i br-2 -j TWELVE-abc', other]);
  expect(fake.calls).toContain('ip6tables -w 5 -t raw -I PREROUTING -i br-2 -j TWELVE-abc');
  await guard.open();
  expect(fake.rules).toEqual([other]);
  expect(fake.calls.filter((call) => call.startsWith('iptables ')).slice(-2)).toEqual([
    'iptables -w 5 -t raw -F TWELVE-abc',
    'iptables -w 5 -t raw -X TWELVE-abc',
  ]);
});

test('where it cannot be done the reason is told, and taking it away is quiet', async () => {
  const failing = (error: Error): Run => {
    return async () => {
      throw error;
    };
  };
  const absent = Object.assign(new Error('spawn iptables ENOENT'), { code: 'ENOENT' });
  expect(await createGuard({ ...needs, run: failing(absent) }).close('br-1')).toBe(
    'iptables is not installed where the server runs.',
  );
  const forbidden = createGuard({
    ...needs,
    run: failing(new Error('Permission denied (you must be root)')),
  });
  expect(await forbidden.close('br-1')).toBe('iptables says: Permission denied (you must be root)');
  await forbidden.open();
});

test('which family is open is told, and the other is shut all the same', async () => {
  const shut: string[] = [];
  const refusing = (family: string): Run => {
    return async (program, _args, input) => {
      if (program.startsWith(family)) throw new Error('Permission denied');
      if (program.endsWith('-restore')) shut.push(program);
      return input ?? '';
    };
  };
  expect(await createGuard({ ...needs, run: refusing('ip6tables') }).close('br-1')).toBe(
    'over IPv6 alone, since IPv4 is shut. ip6tables says: Permission denied',
  );
  expect(await createGuard({ ...needs, run: refusing('iptables') }).close('br-1')).toBe(
    'over IPv4 alone, since IPv6 is shut. iptables says: Permission denied',
  );
  expect(shut).toEqual(['iptables-restore', 'ip6tables-restore']);
});

test('services are those of this machine that package managers lead to, and its name servers of IPv4', async () => {
  const machine = {
    addresses: ['192.0.2.7', '172.17.0.1', '::1'],
    resolvers: ['192.0.2.7', '168.63.129.16', '::1', 'fe80::1%eth0'],
  };
  const settings = [
    'http://172.17.0.1:4873/',
    'https://192.0.2.7,direct',
    'https://198.51.100.2/simple http://172.17.0.1:3141/root',
    'true',
    'http://172.17.0.1:4873/',
  ];
  expect(await hostServices(settings, machine)).toEqual([
    { address: '172.17.0.1', port: 4873 },
    { address: '192.0.2.7', port: 443 },
    { address: '172.17.0.1', port: 3141 },
    { address: '192.0.2.7', port: 53 },
    { address: '168.63.129.16', port: 53 },
  ]);
});

test('a name server at an address that is shut otherwise answers builds, and nothing else there does', async () => {
  const services = await hostServices([], { addresses: [], resolvers: ['169.254.169.254'] });
  const rules = guardRules('TWELVE-abc', '10.213.0.0/16', services);
  const first = rules.findIndex((rule) => rule.endsWith('DROP'));
  expect(rules.slice(0, first)).toEqual([
    '-A TWELVE-abc -d 169.254.169.254/32 -p tcp -m tcp --dport 53 -j RETURN',
    '-A TWELVE-abc -d 169.254.169.254/32 -p udp -m udp --dport 53 -j RETURN',
  ]);
  expect(rules.slice(first)).toContain('-A TWELVE-abc -d 169.254.0.0/16 -j DROP');
});
