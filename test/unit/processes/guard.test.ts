// The guard in front of this machine for apps: its rules, one jump for all networks, and what it says when it cannot.
import { expect, test } from 'vitest';
import type { Run } from '../../../platform/engine/packet-filter.ts';
import { bridgeOf, bridgesOf } from '../../../platform/processes/bridge.ts';
import { appChain, appRules, createAppGuard } from '../../../platform/processes/guard.ts';

test('names of interfaces are short, one for each subnet, and all match the one pattern', () => {
  const names = ['10.213.0.0/25', '10.213.0.128/25', '10.213.1.0/25', '255.255.255.128/25'].map((subnet) =>
    bridgeOf('0a1b2c3d', subnet),
  );
  expect(names).toEqual(['tw0a1b2c015aa00', 'tw0a1b2c015aa01', 'tw0a1b2c015aa02', 'tw0a1b2c1ffffff']);
  expect(bridgesOf('0a1b2c3d')).toBe('tw0a1b2c+');
  for (const name of names) expect(name.length).toBeLessThanOrEqual(15);
});

test('answers pass first, then name servers; ports of ours on this machine and link-local addresses are shut', () => {
  const rules = appRules('C', [5480], ['169.254.169.254']);
  expect(rules.slice(0, 4)).toEqual([
    '-A C -p tcp -m tcp ! --syn -j RETURN',
    '-A C -d 169.254.169.254/32 -p tcp -m tcp --dport 53 -j RETURN',
    '-A C -d 169.254.169.254/32 -p udp -m udp --dport 53 -j RETURN',
    '-A C -p tcp -m tcp --dport 5480 -m addrtype --dst-type LOCAL -j DROP',
  ]);
  expect(rules).toContain('-A C -d 169.254.0.0/16 -j DROP');
});

test('the ports are the given ones that are known, and those of an engine; a reason is told once', async () => {
  const given: string[] = [];
  const told: string[] = [];
  let failure: Error | null = null;
  const run: Run = async (program, _args, input) => {
    if (failure) throw failure;
    if (program === 'iptables-restore') given.push(input!);
    return '';
  };
  const guard = createAppGuard({
    instance: '0a1b2c3d',
    ports: [5480, 0],
    onProblem: (message) => told.push(message),
    resolvers: () => ['2001:db8::1'],
    run,
  });
  await guard.close();
  const ports = [...given[0]!.matchAll(/--dport (\d+)/g)].map(([, port]) => Number(port));
  expect(ports).toEqual([5480, 2375, 2376]);
  expect(given[0]).toContain(`:${appChain('0a1b2c3d')} - [0:0]`);
  failure = new Error('Permission denied (you must be root)');
  await guard.close();
  await guard.close();
  expect(told).toEqual([expect.stringContaining('iptables says: Permission denied')]);
  guard.rest();
});
