// What is said of an engine's failures: its own sentence, and what to do where it does not say that itself.
import { expect, it } from 'vitest';
import { toPlatformError } from '../../../platform/engine/docker-errors.ts';

const said = (message: string): string =>
  toPlatformError(
    'make the network n',
    { name: 'Error', message: '', statusCode: 500, json: { message } },
    { socketPath: '/nowhere' },
  ).message;

it.each([
  // Docker Engine 20.10 on Debian 12, and 28 on newer systems.
  'Failed to Setup IP tables: Unable to enable SKIP DNAT rule:  (iptables failed: iptables --wait -t nat -I DOCKER -i br-8935e4a2bdc2 -j RETURN: iptables: No chain/target/match by that name.\n (exit status 1))',
  "Failed to Setup IP tables: (iptables failed: iptables --wait -t filter -I DOCKER-FORWARD: iptables v1.8.11 (nf_tables): Chain 'DOCKER-FORWARD' does not exist (exit status 2))",
])('rules that are gone: the engine is to be restarted', (message) => {
  expect(said(message)).toBe(
    `Could not make the network n: ${message}. The engine's rules of the packet filter are gone, as where a firewall was started after it: restart the engine (systemctl restart docker), then try again.`,
  );
});

it.each(['No chain of lorries', 'pool overlaps with other one on this address space'])(
  'of others the sentence is all',
  (message) => {
    expect(said(message)).toBe(`Could not make the network n: ${message}`);
  },
);
