// Another machine than a whole machine, as far as its packet filter and its names go: a network namespace at the end of a wire.
import type { Result } from './program.ts';
import type { WholeMachine } from './whole-machine.ts';

/** @param names that lead to the machine there @returns runs a script in bash, there */
export async function outsideOf(
  machine: WholeMachine,
  names: readonly string[],
): Promise<(script: string) => Promise<Result>> {
  const wire = `
    ip netns add outside
    ip link add inside type veth peer name out netns outside
    ip address add 198.18.77.1/30 dev inside
    ip -n outside address add 198.18.77.2/30 dev out
    ip link set inside up
    ip -n outside link set out up
    ip -n outside link set lo up
    mkdir -p /root/outside
    echo "198.18.77.1 $*" >>/etc/hosts`;
  await machine.must('bash', '-euc', wire, 'bash', ...names);
  const there = ['ip', 'netns', 'exec', 'outside', 'env', 'HOME=/root/outside', 'bash', '-euc'] as const;
  return (script) => machine.run(...there, script);
}
