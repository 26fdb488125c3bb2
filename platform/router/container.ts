// The container HAProxy runs in: found running and kept, or made; on the host's network, with few rights.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PlatformError } from '../domain/errors.ts';
import type { ContainerSpec, ContainerSummary, Engine } from '../engine/engine.ts';
import { ownLabels, ownName } from '../engine/labels.ts';
import type { Listener } from './haproxy-config.ts';
import { alerts } from './runtime.ts';

/** What a container was made for, as a hash: one made for something else cannot be kept. */
const madeFor = 'twelve.router';

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

/** The running container that fits, if there is one; any other of ours is removed. */
export async function findContainer(needs: ContainerNeeds): Promise<ContainerSummary | undefined> {
  const wanted = await specOf(needs);
  const own = await needs.engine.list(ownLabels(needs.instance, 'router'));
  const fits = own.find(
    ({ labels, state }) =>
      labels[madeFor] === wanted.labels[madeFor] && (state === 'running' || state === 'restarting'),
  );
  const others = own.filter((other) => other !== fits);
  // A HAProxy that the engine lost would keep the port.
  if (others.length > 0) await needs.engine.endLost(ownLabels(needs.instance, 'router'));
  for (const other of others) await needs.engine.remove(other.id);
  return fits;
}

/**
 * Makes and starts the container; its files must be there.
 * @throws PlatformError `conflict` when the address is taken, else with what HAProxy said
 */
export async function startContainer(needs: ContainerNeeds): Promise<void> {
  await assertFree(needs.http, 'TWELVE_HTTP');
  if (needs.https) await assertFree(needs.https, 'TWELVE_HTTPS');
  const spec = await specOf(needs);
  const id = await needs.engine.create(spec);
  try {
    await needs.engine.start(id);
    await untilAnswers(needs, id);
  } catch (error) {
    await needs.engine.remove(id);
    throw error;
  }
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
  return { ...spec, labels: { ...ownLabels(instance, 'router'), [madeFor]: hash } };
}

/** HAProxy would say so too, but a container that ends and starts again for it helps nobody. */
async function assertFree(http: Listener, setting: string): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(taken(http, setting));
      else if (error.code === 'EADDRNOTAVAIL') reject(notOurs(http, setting));
      // Whatever else we may not do here, HAProxy perhaps may.
      else resolve();
    });
    probe.listen(http.port, http.host, () => probe.close(() => resolve()));
  });
}

function taken({ host, port }: Listener, setting: string): PlatformError {
  return new PlatformError(
    'conflict',
    `Port ${port} on ${host} is taken by another program, so the router cannot listen there. "ss -ltnp 'sport = :${port}'" shows which; stop it, or set ${setting} to another address.`,
  );
}

function notOurs({ host, port }: Listener, setting: string): PlatformError {
  return new PlatformError(
    'bad_request',
    `This machine has no address ${host}, so the router cannot listen on ${host}:${port}. Set ${setting} to an address it has, or to 0.0.0.0:${port}.`,
  );
}
