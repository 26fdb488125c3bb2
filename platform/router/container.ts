// The container HAProxy runs in: found running and kept, or made; on the host's network, with few rights.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../domain/errors.ts';
import type { ContainerSpec, ContainerSummary, Engine } from '../engine/engine.ts';
import { ownLabels, ownName } from '../engine/labels.ts';
import { listenersOf, requireFree, taken } from './free-port.ts';
import type { Listener } from './haproxy-config.ts';
import { alerts } from './runtime.ts';

/** What a container was made for, as a hash: one made for something else cannot be kept. */
const madeFor = 'twelve.router';
/** Where it listens, so that a port is known to be its own: `0.0.0.0:80 0.0.0.0:443`. */
const listensOn = 'twelve.router-listens';

export interface ContainerNeeds {
  engine: Engine;
  instance: string;
  image: () => Promise<string>;
  folder: string;
  http: Listener;
  https: Listener | null;
  /** Whether HAProxy answers on its socket. */
  answers: () => Promise<boolean>;
}

const START_DEADLINE_MS = 30_000;
/** Ports below belong to root. */
const PRIVILEGED = 1024;

/** The running container that fits, if there is one. Another that serves goes on until `startContainer` takes its place. */
export async function findContainer(needs: ContainerNeeds): Promise<ContainerSummary | undefined> {
  const wanted = await specOf(needs);
  const own = await ownContainers(needs);
  const fits = own.find((one) => one.labels[madeFor] === wanted.labels[madeFor] && serves(one));
  if (fits)
    await removeAll(
      needs,
      own.filter((other) => other !== fits),
    );
  return fits;
}

/**
 * Makes and starts the container in the place of any other of ours, which serves until all is ready for that.
 * @param writeFiles what the new one reads, written once nothing is known that would keep it from listening: one that
 *   serves would come up with them too if it fell
 * @throws PlatformError `conflict` when the address is taken, else with what HAProxy said
 */
export async function startContainer(needs: ContainerNeeds, writeFiles: () => Promise<void>): Promise<void> {
  const { engine } = needs;
  const own = await ownContainers(needs);
  const serving = own.filter(serves);
  await removeAll(
    needs,
    own.filter((one) => !serving.includes(one)),
  );
  const held = serving.map(({ labels }) => labels[listensOn]?.split(' '));
  await requireFree(needs, held.includes(undefined) ? 'unknown' : held.flatMap((one) => one ?? []));
  const id = await engine.create(await specOf(needs));
  try {
    await writeFiles();
    await removeAll(needs, serving);
    await engine.start(id);
    await untilAnswers(needs, id);
  } catch (error) {
    await engine.remove(id);
    throw error;
  }
}

/** None of them keeps a port that the engine does not know of. */
async function ownContainers({ engine, instance }: ContainerNeeds): Promise<ContainerSummary[]> {
  const labels = ownLabels(instance, 'router');
  const own = await engine.list(labels);
  if (own.some((one) => !serves(one))) await engine.endLost(labels);
  return own;
}

function serves({ state }: ContainerSummary): boolean {
  return state === 'running' || state === 'restarting';
}

async function removeAll({ engine }: ContainerNeeds, containers: readonly ContainerSummary[]): Promise<void> {
  for (const { id } of containers) await engine.remove(id);
}

/** @throws PlatformError when it has ended, or does not answer in time */
export async function untilAnswers(needs: ContainerNeeds, id: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    if (await needs.answers()) return;
    const { state } = await needs.engine.inspect(id);
    if (state !== 'running' && state !== 'created') break;
    if (Date.now() > deadline) break;
    await delay(30);
  }
  const said = (await needs.engine.lastLines(id, 20)).join('\n');
  if (/cannot bind|Address already in use/i.test(said)) {
    const { http, https } = needs;
    throw https && said.includes(`:${https.port}]`)
      ? taken(https, 'TWELVE_HTTPS')
      : taken(http, 'TWELVE_HTTP');
  }
  throw new PlatformError('service_unavailable', `The router did not start: ${alerts(said)}`);
}

export async function removeContainer(engine: Engine, instance: string): Promise<void> {
  for (const { id } of await engine.list(ownLabels(instance, 'router'))) await engine.remove(id);
}

/** Engines give capabilities to containers of root alone, and one is needed for a low port. */
export function masterIsRoot(needs: Pick<ContainerNeeds, 'http' | 'https'>): boolean {
  return process.getuid?.() === 0 || hasLowPort(needs);
}

function hasLowPort({ http, https }: Pick<ContainerNeeds, 'http' | 'https'>): boolean {
  return http.port < PRIVILEGED || (https !== null && https.port < PRIVILEGED);
}

async function specOf(needs: ContainerNeeds): Promise<ContainerSpec> {
  const { engine, instance, folder, http, https } = needs;
  const image = await needs.image();
  const ownUser = process.getuid?.() ?? 0;
  const asRoot = masterIsRoot(needs);
  const spec: Omit<ContainerSpec, 'labels'> = {
    name: ownName(instance, 'router'),
    image,
    command: ['haproxy', '-W', '-S', '/router/master.sock,mode,600', '-f', '/router/haproxy.cfg'],
    env: {},
    network: 'host',
    // The folder's files are ours, so the master runs as we do, or may go into it all the same. Root's master steps its
    // workers down to a user without any right, and has to be able to signal them.
    user: asRoot ? '0:0' : `${ownUser}:${process.getgid?.() ?? 0}`,
    addCapabilities: asRoot
      ? [
          ...['SETUID', 'SETGID', 'KILL'],
          ...(hasLowPort(needs) ? ['NET_BIND_SERVICE'] : []),
          ...(ownUser === 0 ? [] : ['DAC_OVERRIDE', 'FOWNER']),
        ]
      : [],
    // Every visit of every app passes here: where apps take all the cores there are it must not wait as long as each of them.
    cpuShares: 8192,
    readOnlyRoot: true,
    mounts: [{ source: folder, target: '/router' }],
    restart: 'unless-stopped',
  };
  const { id = image } = (await engine.image(image)) ?? {};
  const hash = createHash('sha256')
    .update(JSON.stringify([spec, id, http, ...(https ? [https] : [])]))
    .digest('hex')
    .slice(0, 16);
  const listens = listenersOf(needs).map(({ address }) => address);
  return {
    ...spec,
    // There may be two for a moment.
    name: ownName(instance, 'router', hash),
    labels: {
      ...ownLabels(instance, 'router'),
      [madeFor]: hash,
      [listensOn]: listens.join(' '),
    },
  };
}
