// How the server stands, for `server:status` and the doctor: facts, and no judgement of them.
import { readFile, stat } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import type { Config } from '../config.ts';
import { messageOf } from '../domain/errors.ts';
import { diskSpace } from '../store/space.ts';
import { certificateOrders } from './certificate-orders.ts';
import { certificatesEnding } from './certificates-ending.ts';
import type { Platform } from './context.ts';
import { diskUse } from './disk.ts';
import { ownNamesTaken } from './domains.ts';
import { failingParts } from './health.ts';
import { imagesAge } from './images-age.ts';
import { ownAddresses } from './own-addresses.ts';
import { routerMark } from './router-mark.ts';

export type ServerStatus = Awaited<ReturnType<typeof serverStatus>>;

/** Who asks how the server stands does not wait longer for what lies on its disk. */
const patienceMs = 15_000;

export async function serverStatus(platform: Platform) {
  const { config, store } = platform;
  const [{ rootFolder, ...engine }, failing, disk, kinds, logs, images, orders] = await Promise.all([
    engineOf(platform),
    failingParts(platform),
    diskSpace(config.dataFolder),
    diskUse(platform, patienceMs),
    platform.logs.counts().catch(() => null),
    imagesAge(platform).catch(() => null),
    certificateOrders(platform),
  ]);
  return {
    bootId: await readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
      (text) => text.trim(),
      () => null,
    ),
    startedAt: new Date(performance.timeOrigin).toISOString(),
    now: new Date().toISOString(),
    uptimeSeconds: Math.round(process.uptime()),
    apps: store.apps.list().length,
    processes: processesOf(platform),
    builds: buildsOf(platform),
    engine,
    /** Null where the engine does not tell. */
    images,
    /** Parts that everything needs and that do not answer. */
    failing,
    /** Where the engine has its images and what processes write. */
    engineDisk: await engineDiskOf(config, rootFolder),
    disk: { ...disk, minFreeBytes: config.minFreeBytes, kinds },
    memory: { total: totalmem(), free: freemem(), server: process.memoryUsage().rss },
    logs: logs && {
      lines: sum(logs.apps.map(({ stored }) => stored)),
      lost: sum(logs.apps.map(({ lost }) => lost)),
    },
    drains: logs && {
      count: logs.drains.length,
      lag: sum(logs.drains.map(({ lag }) => lag)),
      lost: sum(logs.drains.map(({ lost }) => lost)),
      failing: logs.drains.filter(({ failure }) => failure !== null).length,
    },
    domain: config.domain,
    /** By which whoever asks for a name learns whether it leads to this server's router. */
    routerMark: routerMark(platform.instance),
    /** By which others may reach it; what stands before it may have another. */
    addresses: ownAddresses().flatMap(({ address, internal }) => (internal ? [] : [address])),
    certificateOrders: orders,
    certificatesEnding: certificatesEnding(platform),
    /** What apps have of the platform's names, in sentences. */
    namesTaken: ownNamesTaken(platform),
    http: config.http,
    https: config.https,
  };
}

async function engineOf({ engine }: Platform) {
  try {
    const { version, imageStore, cgroupVersion, architecture, rootFolder } = await engine.info();
    return { version, imageStore, cgroupVersion, architecture, rootFolder, failure: null };
  } catch (error) {
    return {
      version: null,
      imageStore: null,
      cgroupVersion: null,
      architecture: null,
      rootFolder: null,
      failure: messageOf(error),
    };
  }
}

/** Null where it is not seen from here: the engine does not answer, or its folder is another machine's or container's. */
async function engineDiskOf(config: Config, rootFolder: string | null) {
  const folder = config.engineContainers ?? rootFolder;
  if (folder === null) return null;
  try {
    const [ours, theirs] = await Promise.all([stat(config.dataFolder), stat(folder)]);
    return { folder, shared: ours.dev === theirs.dev, ...(await diskSpace(folder)) };
  } catch {
    return null;
  }
}

function processesOf({ store, processes }: Platform) {
  const apps = store.apps.list();
  const states = apps.flatMap(({ id }) => processes.status(id)).map(({ state }) => state);
  return {
    wanted: sum(apps.flatMap(({ id }) => store.formations.of(id)).map(({ quantity }) => quantity)),
    up: states.filter((state) => state === 'up').length,
    crashed: states.filter((state) => state === 'crashed').length,
  };
}

function buildsOf({ store, config }: Platform) {
  const pending = store.builds.pending();
  const running = pending.filter(({ startedAt }) => startedAt !== null).length;
  return { running, waiting: pending.length - running, atOnce: config.builds };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
