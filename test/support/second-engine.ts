// A Docker Engine of a test's own beside the machine's, from the same packages: it may be killed, and started again.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createDockerEngine } from '../../platform/engine/docker.ts';
import { createImages, type ImageName } from '../../platform/engine/images.ts';
import { cache } from './cache.ts';
import { clearEngine, engineSocket, useEngine } from './engine-socket.ts';
import { killEngine } from './kill-engine.mjs';
import { clearLeftovers, isAbandoned, own } from './leftovers.ts';
import { addBridge, removeLinks } from './second-engine-links.ts';
import { createPlace, groupOf, type Place, removeGroups } from './second-engine-place.ts';
import { waitFor } from './wait.ts';

export interface SecondEngine extends AsyncDisposable {
  socket: string;
  /** Its control group, for who kills it (kill-engine.mjs). */
  group: string;
  /** After a kill, with all that it has on disk. Resolves when it answers. */
  start(): Promise<void>;
  answers(): Promise<boolean>;
}

/** On a real disk, as the one from Debian testing: overlays do not go on overlays. */
const prefix = join(cache, 'second-engine-');

/**
 * Started, with these images of the machine's engine, and meant by the functions of engine-socket.ts from then on.
 * Disposing it leaves nothing. @param config what its daemon.json holds
 */
export async function startSecondEngine(
  images: readonly ImageName[],
  config: Record<string, unknown> = {},
): Promise<SecondEngine> {
  requireMeans();
  await clearAbandonedEngines();
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(prefix);
  own(folder);
  const engine = await openEngine(folder, config);
  try {
    await engine.start();
    await copyImages(images, engineSocket, engine.socket);
    useEngine(engine.socket);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

function requireMeans(): void {
  if (process.getuid?.() !== 0) throw new Error('A second Docker Engine can be run by root only.');
  const found = spawnSync('sh', ['-c', 'command -v dockerd && command -v containerd'], {
    env: { PATH: path },
  });
  if (found.status !== 0) throw new Error('dockerd and containerd are not installed on this machine.');
}

const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** The engine of a folder, not started yet. */
async function openEngine(folder: string, config: Record<string, unknown> = {}): Promise<SecondEngine> {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const group = groupOf(name);
  // Made anew at each start of a test run; an engine's own name for an interface has 15 characters at most.
  const bridge = `tw2-${name.slice(-6)}`;
  const socket = join(folder, 'engine.sock');
  const place = await createPlace(name);
  writeFileSync(join(folder, 'daemon.json'), JSON.stringify(config));
  addBridge(bridge);
  const settings = [
    ...['--config-file', join(folder, 'daemon.json'), '--host', `unix://${socket}`],
    ...['--pidfile', join(folder, 'engine.pid'), '--exec-root', join(folder, 'exec')],
    ...['--data-root', join(folder, 'data'), '--cgroup-parent', `/${name}/containers`],
    ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--shutdown-timeout', '5'],
    // The host's network and firewall belong to the machine's engine: this one leaves them as they are. Without a bridge
    // of its own it would take the other's away.
    ...['--bridge', bridge, '--iptables=false', '--ip-forward=false', '--ip-masq=false'],
    '--userland-proxy=false',
  ];

  async function start(): Promise<void> {
    // They name processes that are gone, or by now somebody else's; dockerd would not start.
    for (const file of ['engine.pid', 'exec/containerd/containerd.pid'])
      rmSync(join(folder, file), { force: true });
    const ended = place.run('dockerd', settings, join(folder, 'engine.log'), path);
    const came = await waitFor(async () => ended() || (await answers(socket)));
    if (!came || ended())
      throw new Error(`The second engine did not start; see ${join(folder, 'engine.log')}`);
  }

  return {
    socket,
    group,
    start,
    answers: () => answers(socket),
    async [Symbol.asyncDispose]() {
      if (engineSocket === socket) useEngine();
      await dispose({ folder, name, group, bridge, socket, place });
    },
  };
}

interface Parts {
  folder: string;
  name: string;
  group: string;
  bridge: string;
  socket: string;
  place: Place;
}

async function dispose({ folder, name, group, bridge, socket, place }: Parts): Promise<void> {
  // Its networks are bridges of the host, which only the engine knows as its own.
  if (await answers(socket)) await clearEngine(socket);
  killEngine(group, 'everything');
  await place.close();
  await removeGroups(name);
  await removeLinks(bridge);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Engines of test runs that were killed, and what was on them. */
export async function clearAbandonedEngines(): Promise<void> {
  if (!existsSync(cache)) return;
  const names = readdirSync(cache).filter((name) => name.startsWith('second-engine-'));
  for (const folder of names.map((name) => join(cache, name)).filter(isAbandoned)) {
    killEngine(groupOf(folder.slice(folder.lastIndexOf('/') + 1)), 'everything');
    await using engine = await openEngine(folder);
    if (!existsSync(join(folder, 'data'))) continue;
    await engine.start();
    useEngine(engine.socket);
    await clearLeftovers();
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/_ping' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('error', () => resolve(false));
    call.end();
  });
}

/** As they are: made anew they would take minutes. */
async function copyImages(names: readonly ImageName[], from: string, to: string): Promise<void> {
  const engine = createDockerEngine({ socketPath: from });
  const images = createImages({ engine });
  try {
    const made = await Promise.all(names.map((name) => images.ensure(name)));
    const query = made.map(({ reference }) => `names=${encodeURIComponent(reference)}`).join('&');
    await pipe(
      { socketPath: from, path: `/images/get?${query}` },
      { socketPath: to, path: '/images/load?quiet=1' },
    );
  } finally {
    await images.close();
    engine.close();
  }
}

interface Address {
  socketPath: string;
  path: string;
}

/** What one engine answers is what the other is sent. */
function pipe(from: Address, to: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const load = request(
      { ...to, method: 'POST', headers: { 'Content-Type': 'application/x-tar' } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => (/Loaded image/.test(text) ? resolve() : reject(new Error(text))));
      },
    );
    load.on('error', reject);
    request(from, (tar) => tar.on('error', reject).pipe(load))
      .on('error', reject)
      .end();
  });
}
