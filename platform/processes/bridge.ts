// What apps' networks are called on the machine, so that one rule is for all of them.

/** A name of an interface has at most 15 characters: 8 of the platform, 7 of the network. */
const prefix = (instance: string): string => `tw${instance.slice(0, 6)}`;

/** Two networks never have the same subnet. @param subnet a /25 */
export function bridgeOf(instance: string, subnet: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = subnet.split('/')[0]!.split('.').map(Number);
  const number = ((a * 256 + b) * 256 + c) * 2 + (d >> 7);
  return prefix(instance) + number.toString(16).padStart(7, '0');
}

/** In the words of iptables: every one of them. */
export function bridgesOf(instance: string): string {
  return `${prefix(instance)}+`;
}
