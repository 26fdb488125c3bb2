// A package index of our own in a container, on a network that builds are in too (package-index.py).
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildNetwork } from '../../../platform/build/network.ts';
import type { Engine } from '../../../platform/engine/engine.ts';
import { ownLabels, ownName } from '../../../platform/engine/labels.ts';
import { ensureNetwork } from '../../../platform/engine/own-network.ts';
import { type Builds, startBuilds } from './builds.ts';

const port = 8080;
const range = '10.214.0.0/16';

export interface PackageIndex {
  builds: Builds;
  /** As builds reach it: `<address>:<port>`. */
  host: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param token what it wants to see for its private packages */
export async function startPackageIndex(token: string): Promise<PackageIndex> {
  let name = '';
  const network: BuildNetwork = {
    ensure: async () => name,
    forget: () => {},
    look: () => {},
    close: () => engine.removeNetwork(name),
  };
  const builds = await startBuilds({ network });
  const { engine, instance } = builds;
  name = ownName(instance, 'index');
  let id: string | undefined;
  const close = async (): Promise<void> => {
    if (id) await engine.remove(id);
    await builds[Symbol.asyncDispose]();
  };
  try {
    await ensureNetwork(engine, {
      ...{ range, taken: () => [], subnet: null, isOwn: (one) => one.name === name },
      make: (subnet) => engine.createNetwork({ name, subnet, labels: ownLabels(instance, 'build') }),
    });
    id = await engine.create({
      name: ownName(instance, 'index', randomUUID()),
      image: (await builds.images.ensure('build')).reference,
      labels: ownLabels(instance, 'run'),
      entrypoint: ['python3', '-u', '/index.py'],
      command: [token],
      env: {},
      mounts: [
        { source: join(import.meta.dirname, 'package-index.py'), target: '/index.py', readOnly: true },
      ],
      network: name,
    });
    await engine.start(id);
    await untilReady(engine, id);
    const address = (await engine.inspect(id)).addresses[name]!;
    return { builds, host: `${address}:${port}`, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function untilReady(engine: Engine, id: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const lines = await engine.lastLines(id, 20);
    if (lines.includes('ready')) return;
    if ((await engine.inspect(id)).state !== 'running') throw new Error(lines.join('\n'));
    await sleep(50);
  }
  throw new Error('the package index does not start');
}
