// How the server stands, for `server:status` and the doctor: facts, and no judgement of them.
import { freemem, totalmem } from 'node:os';
import { messageOf } from '../domain/errors.ts';
import { diskSpace } from '../store/space.ts';
import { usedByKind } from '../store/usage.ts';
import type { Platform } from './context.ts';
import { ownNamesTaken } from './domains.ts';
import { failingParts } from './health.ts';

export type ServerStatus = Awaited<ReturnType<typeof serverStatus>>;

export async function serverStatus(platform: Platform) {
  const { config, store } = platform;
  const [engine, failing, disk, used, logs] = await Promise.all([
    engineOf(platform),
    failingParts(platform),
    diskSpace(config.dataFolder),
    usedByKind(config.dataFolder),
    platform.logs.counts().catch(() => null),
  ]);
  return {
    startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
    now: new Date().toISOString(),
    uptimeSeconds: Math.round(process.uptime()),
    apps: store.apps.list().length,
    processes: processesOf(platform),
    builds: buildsOf(platform),
    engine,
    /** Parts that everything needs and that do not answer. */
    failing,
    disk: { ...disk, minFreeBytes: config.minFreeBytes, used },
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
    /** What apps have of the platform's names, in sentences. */
    namesTaken: ownNamesTaken(platform),
    http: config.http,
    https: config.https,
  };
}

async function engineOf({ engine }: Platform) {
  try {
    const { version, imageStore, cgroupVersion, architecture } = await engine.info();
    return { version, imageStore, cgroupVersion, architecture, failure: null };
  } catch (error) {
    return {
      version: null,
      imageStore: null,
      cgroupVersion: null,
      architecture: null,
      failure: messageOf(error),
    };
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
