// The Docker engine of this machine, or the one that TWELVE_ENGINE names, keeps the contract, and what is Docker's alone.
import { randomBytes } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, expect, test } from 'vitest';
import { createDockerEngine } from '../../platform/engine/docker.ts';
import {
  ourName,
  readResolvers,
  resolvesWithoutLoopback,
} from '../../platform/engine/docker-network-names.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { debian } from '../support/debian.ts';
import { engineContract } from './engine.ts';

const socketPath = process.env['TWELVE_ENGINE'] || '/var/run/docker.sock';
const connect = (): Engine => createDockerEngine({ socketPath });

engineContract('Docker', async () => {
  const engine = connect();
  const image = await debian(engine);
  engine.close();
  return { connect, image };
});

const labels = { 'twelve.test': randomBytes(6).toString('hex') };
const own = `twelve-test-${labels['twelve.test']}`;
const docker = new Docker({ socketPath });
const engine = connect();

afterAll(async () => {
  for (const { id } of await engine.list(labels)) await engine.remove(id);
  for (const { name } of await engine.networks()) if (name.startsWith(own)) await engine.removeNetwork(name);
  engine.close();
});

/** The name servers that a container of a network is given. */
async function nameServers(network: string): Promise<string> {
  const id = await engine.create({
    name: `${own}-${randomBytes(4).toString('hex')}`,
    image: await debian(engine),
    labels,
    env: {},
    network,
    command: ['/bin/cat', '/etc/resolv.conf'],
  });
  await engine.start(id);
  await engine.wait(id);
  return (await engine.lastLines(id, 50)).join('\n');
}

test("a container of our network has the host's name servers, where it can reach them, and Docker's resolver elsewhere", async () => {
  const name = `${own}-names`;
  await engine.createNetwork({ name, subnet: '10.211.250.0/28', labels });
  const expected = resolvesWithoutLoopback(readResolvers());
  expect((await nameServers(name)).includes('nameserver 127.0.0.11')).toBe(!expected);
  const known = (await docker.listNetworks()).find((network) => ourName(network.Name) === name);
  expect(known?.Name === name).toBe(!expected);
});

test('a network with an ordinary name, made by an earlier version, is used as it is', async () => {
  const name = `${own}-earlier`;
  const wanted = { name, subnet: '10.211.250.16/28', labels };
  const { id } = await docker.createNetwork({
    Name: name,
    Driver: 'bridge',
    IPAM: { Driver: 'default', Config: [{ Subnet: wanted.subnet }] },
    Labels: labels,
  });
  expect(await engine.createNetwork(wanted)).toMatchObject({ id, name });
  expect(await nameServers(name)).toContain('nameserver 127.0.0.11');
  await engine.removeNetwork(name);
  expect((await engine.networks()).map((network) => network.id)).not.toContain(id);
});

test('a hang-up leaves alone what the same client holds, and every caller has Ctrl-P', async () => {
  const id = await engine.create({
    name: `${own}-${randomBytes(4).toString('hex')}`,
    image: await debian(engine),
    labels,
    env: {},
    command: ['/bin/sleep', '1000'],
  });
  await engine.start(id);
  const entered = await engine.enter(id, { command: ['/bin/cat', '-v'], user: '20012:20012', tty: true });
  await engine.hangUp(id);
  let text = '';
  entered.stream.on('data', (chunk) => {
    text += String(chunk);
  });
  // One by one: an engine takes its own keys only when they come alone.
  for (const key of ['\x10', '\x11', 'x', '\n']) {
    entered.stream.write(key);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await expect.poll(() => text, { timeout: 5000 }).toMatch(/\^P.*x\r\n\^Px\r\n/s);
  await entered.signal('SIGKILL');
  expect(await entered.exit).toBe(137);
});
