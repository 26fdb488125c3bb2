// The bridge of a second engine, and the wires that it lost: network interfaces of the host, which nothing ends by itself.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const interfaces = '/sys/class/net';

export function addBridge(name: string): void {
  ip('link', 'add', name, 'type', 'bridge');
}

/**
 * Removes it, and the wires made since it was. An engine that is killed while it connects a container leaves a wire with
 * both ends in the host: no engine has one for longer than a moment.
 */
export async function removeLinks(bridge: string): Promise<void> {
  const since = numberIn(bridge, 'ifindex');
  ip('link', 'delete', bridge);
  if (since === undefined) return;
  const before = loose(since);
  if (before.length === 0) return;
  await sleep(2000);
  const left = loose(since);
  for (const name of before) if (left.includes(name)) ip('link', 'delete', name);
}

function loose(since: number): string[] {
  const all = readdirSync(interfaces).map((name) => ({
    name,
    index: numberIn(name, 'ifindex') ?? 0,
    peer: numberIn(name, 'iflink'),
  }));
  const isPeer = (index: number, peer: number | undefined): boolean =>
    all.some((other) => other.index === peer && other.peer === index);
  return all
    .filter(({ name, index, peer }) => /^veth/.test(name) && index > since && isPeer(index, peer))
    .map(({ name }) => name);
}

function numberIn(name: string, file: string): number | undefined {
  try {
    return Number(readFileSync(`${interfaces}/${name}/${file}`, 'utf8'));
  } catch {
    return undefined;
  }
}

function ip(...args: string[]): void {
  spawnSync('ip', args, { env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` } });
}
