// The container HAProxy runs in: found running and kept, or made; on the host's network, with few rights.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode, PlatformError } from '../domain/errors.ts';
import type { ContainerSpec, ContainerSummary, Engine } from '../engine/engine.ts';
import { ownLabels, ownName } from '../engine/labels.ts';
import { listenersOf, requireFree, taken } from './free-port.ts';
import { type Listener, socketVariable } from './haproxy-config.ts';
import { alerts } from './runtime.ts';
import { type Sockets, socketName } from './sockets.ts';

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
  sockets: Sockets;
  /** Those whose end is waited for, until the signal. */
  leaving: Set<string>;
  signal: AbortSignal;
  /** Whether the HAProxy with these sockets takes commands, by default the one that the links lead to. One told to leave does not. */
  answers: (name?: string) => Promise<boolean>;
  /** HAProxy takes the configuration as it is written. @throws PlatformError when it refuses it and goes on with the former one */
  reload: () => Promise<void>;
}

const START_DEADLINE_MS = 30_000;
/** Ports below belong to root. */
const PRIVILEGED = 1024;

/**
 * The running container that fits, if there is one. Others that served before it are told to leave, which they do when their
 * last connection ends; without it another that serves goes on until `startContainer` takes its place.
 */
export async function findContainer(needs: ContainerNeeds): Promise<ContainerSummary | undefined> {
  const wanted = await specOf(needs);
  const own = await ownContainers(needs);
  const fits = own.find((one) => one.labels[madeFor] === wanted.labels[madeFor] && serves(one));
  if (!fits) return undefined;
  const others = own.filter((other) => other !== fits);
  await removeAll(
    needs,
    others.filter((one) => !serves(one)),
  );
  const former = others.filter(serves);
  const name = socketsOf(wanted);
  if (former.length > 0 && !(await servesNow(needs, fits, name))) {
    // Its name and its sockets' are needed for another.
    await removeAll(needs, [fits]);
    return undefined;
  }
  needs.sockets.leadTo(name);
  if (former.length === 0) needs.sockets.clearFormer();
  else await dismissAll(needs, former);
  return fits;
}

/** It may itself have been told to leave, by a change that was taken back since, or be one of a server killed then that never comes up. */
async function servesNow(needs: ContainerNeeds, { id }: ContainerSummary, name: string): Promise<boolean> {
  if (!needs.sockets.leadsTo(name)) return needs.answers(name);
  return untilRuns(needs, id).then(
    () => true,
    () => false,
  );
}

/**
 * Makes and starts the container in the place of any other of ours, which serves until all is ready for that. From one that
 * takes the new configuration it gets the listening sockets, so that no visitor notices.
 * @param writeFiles what the new one reads, written once nothing is known that would keep it from listening: one that
 *   serves would come up with them too if it fell
 * @throws PlatformError `conflict` when the address is taken, else with what HAProxy said
 */
export async function startContainer(needs: ContainerNeeds, writeFiles: () => Promise<void>): Promise<void> {
  const { engine, sockets } = needs;
  const own = await ownContainers(needs);
  const serving = own.filter(serves);
  await removeAll(
    needs,
    own.filter((one) => !serving.includes(one)),
  );
  const held = serving.map(({ labels }) => labels[listensOn]?.split(' '));
  await requireFree(needs, held.includes(undefined) ? 'unknown' : held.flatMap((one) => one ?? []));
  const heldBy = await whoAnswers(needs, serving);
  const spec = await specOf(needs, heldBy);
  const id = await engine.create(spec);
  let stays = false;
  try {
    await writeFiles();
    stays = heldBy !== undefined && (await takesConfiguration(needs, heldBy));
    if (!stays) await removeAll(needs, serving);
    sockets.leadTo(socketsOf(spec));
    await engine.start(id);
    await untilAnswers(needs, id);
  } catch (error) {
    if (stays) sockets.leadTo(heldBy!);
    await engine.remove(id);
    throw error;
  }
  if (stays) await dismissAll(needs, serving);
}

/** Name of the sockets of the one that serves: of those that run, others were told to leave. */
async function whoAnswers(
  { sockets, answers }: ContainerNeeds,
  containers: readonly ContainerSummary[],
): Promise<string | undefined> {
  for (const one of containers) {
    const name = sockets.of(socketsOf(one));
    if (name !== undefined && (await answers(name))) return name;
  }
  return undefined;
}

/** One of a version that knows less may not. */
async function takesConfiguration({ sockets, reload }: ContainerNeeds, name: string): Promise<boolean> {
  sockets.leadTo(name);
  return reload().then(
    () => true,
    () => false,
  );
}

/**
 * They listen no more, answer what is open and end by themselves, `hard-stop-after` at the latest; the engine does not bring
 * them back. Then they are removed, by a later look where we are gone by then.
 */
async function dismissAll(needs: ContainerNeeds, containers: readonly ContainerSummary[]): Promise<void> {
  const { engine, leaving, signal } = needs;
  for (const { id } of containers) {
    if (leaving.has(id)) continue;
    await engine.kill(id, 'SIGUSR1').catch((error: unknown) => {
      if (!hasCode(error, 'conflict', 'not_found')) throw error;
    });
    leaving.add(id);
    void engine
      .wait(id, { signal })
      .then(() => engine.remove(id))
      .catch(() => undefined)
      .finally(() => leaving.delete(id));
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

/** The engine restarts a HAProxy that fell, after a pause of its own. @throws PlatformError when it does not answer in time */
export async function untilRuns(needs: ContainerNeeds, id: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const { state } = await needs.engine.inspect(id);
    if (state !== 'restarting') break;
    await delay(50);
  }
  await untilAnswers(needs, id);
}

/** @throws PlatformError when it has ended, or does not answer in time */
async function untilAnswers(needs: ContainerNeeds, id: string): Promise<void> {
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

/** How its command sockets are called. */
function socketsOf({ labels }: Pick<ContainerSpec, 'labels'>): string {
  return labels[madeFor]!.slice(0, 8);
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

/** @param heldBy name of the sockets of a container whose listening sockets it takes over */
async function specOf(needs: ContainerNeeds, heldBy?: string): Promise<ContainerSpec> {
  const { engine, instance, folder, http, https } = needs;
  const image = await needs.image();
  const ownUser = process.getuid?.() ?? 0;
  const asRoot = masterIsRoot(needs);
  const spec: Omit<ContainerSpec, 'labels'> = {
    name: ownName(instance, 'router'),
    image,
    command: ['haproxy', '-W', '-f', '/router/haproxy.cfg'],
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
  const name = socketsOf({ labels: { [madeFor]: hash } });
  const listens = listenersOf(needs).map(({ address }) => address);
  return {
    ...spec,
    command: [
      ...(spec.command ?? []),
      ...['-S', `/router/${socketName('master', name)},mode,600`],
      ...(heldBy === undefined ? [] : ['-x', `/router/${socketName('admin', heldBy)}`]),
    ],
    env: { [socketVariable]: socketName('admin', name) },
    // There may be two for a moment.
    name: ownName(instance, 'router', hash),
    labels: {
      ...ownLabels(instance, 'router'),
      [madeFor]: hash,
      [listensOn]: listens.join(' '),
    },
  };
}
