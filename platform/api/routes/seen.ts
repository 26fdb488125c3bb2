// Seen from outside: is all well (no token), figures for Prometheus, and how the server stands.
import { setTimeout as sleep } from 'node:timers/promises';
import { Router } from 'express';
import { diskUse } from '../../actions/disk.ts';
import { failingParts } from '../../actions/health.ts';
import type { ServerStatus } from '../../actions/server-status.ts';
import { apiLevel } from '../../domain/api-level.ts';
import { PlatformError } from '../../domain/errors.ts';
import { steadyMs } from '../../domain/time-limit.ts';
import type { Edge } from '../edge.ts';
import { need } from '../need.ts';
import { ownVersion } from '../wire.ts';

/** A look that takes longer than this is waited for by nobody else. */
const longestMs = 60_000;
/** Going through the disk for figures is work: they are of so long ago at most, and nobody waits longer for them. */
const diskKeptMs = 5 * 60_000;
const diskWaitMs = 2000;
/** Less than the longest look: two never go through the disk at once. */
const diskPatienceMs = 50_000;

/** Whoever asks often is told what was found a moment ago, and whoever asks meanwhile waits for the same. */
export function remembered<T>(keepMs: number, look: () => Promise<T>): () => Promise<T> {
  let last: { found: Promise<T>; until: number } | undefined;
  return () => {
    if (last && steadyMs() <= last.until) return last.found;
    const now = { found: look(), until: steadyMs() + longestMs };
    const ended = (): void => {
      now.until = steadyMs() + keepMs;
    };
    now.found.then(ended, ended);
    last = now;
    return now.found;
  };
}

/** Null: not known yet, or it could not be told. */
async function inTime<T>(found: Promise<T>): Promise<T | null> {
  const late = sleep(diskWaitMs, null, { ref: false });
  return await Promise.race([found.catch(() => null), late]);
}

/** Without a token: says nothing but whether. */
export function healthRoutes({ platform }: Edge): Router {
  const router = Router();
  const look = remembered(1000, () => failingParts(platform));
  router.get('/health', need('open'), async (_request, response) => {
    const failing = await look();
    if (failing.length > 0)
      throw new PlatformError('service_unavailable', `No answer from: ${failing.join(', ')}.`);
    response.json({ status: 'ok' });
  });
  return router;
}

export function seenRoutes({ platform }: Edge): Router {
  const router = Router();
  // The disk is gone through for it.
  const look = remembered(5000, async () => {
    const { serverStatus } = await import('../../actions/server-status.ts');
    return await serverStatus(platform);
  });
  router.get('/server/status', need('server'), async (_request, response) => {
    response.json(shape({ ...(await look()), now: new Date().toISOString() }));
  });
  const disk = remembered(diskKeptMs, () => diskUse(platform, diskPatienceMs));
  router.get('/metrics', need('server'), async (_request, response) => {
    // Loaded by who is asked: most servers never are.
    const [{ collectMetrics }, { metric, metricsText }] = await Promise.all([
      import('../../actions/metrics.ts'),
      import('../../domain/metric.ts'),
    ]);
    const about = metric('twelve_info', 'gauge', 'Always 1; says which version runs.');
    about.add({ version: ownVersion, node: process.version }, 1);
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(metricsText([about, ...(await collectMetrics(platform, await inTime(disk())))]));
  });
  return router;
}

function shape(status: ServerStatus) {
  const { engine, disk, builds, engineDisk, certificateOrders: orders } = status;
  return {
    version: ownVersion,
    api_level: apiLevel,
    node: process.version,
    started_at: status.startedAt,
    now: status.now,
    boot_id: status.bootId,
    uptime: status.uptimeSeconds,
    apps: status.apps,
    processes: status.processes,
    builds: { running: builds.running, waiting: builds.waiting, at_once: builds.atOnce },
    engine: {
      version: engine.version,
      image_store: engine.imageStore,
      cgroup_version: engine.cgroupVersion,
      architecture: engine.architecture,
      failure: engine.failure,
    },
    images: status.images && {
      packages_as_of: status.images.packagesAsOf,
      apps_behind: status.images.appsBehind,
    },
    failing: status.failing,
    disk: {
      total: disk.totalBytes,
      free: disk.freeBytes,
      min_free: disk.minFreeBytes,
      used: disk.kinds && Object.fromEntries(disk.kinds.map(({ kind, bytes }) => [kind, bytes])),
      budgets: Object.fromEntries(
        (disk.kinds ?? []).flatMap(({ kind, budget }) => (budget === null ? [] : [[kind, budget]])),
      ),
      engine: engineDisk && {
        folder: engineDisk.folder,
        total: engineDisk.totalBytes,
        free: engineDisk.freeBytes,
        shared: engineDisk.shared,
      },
    },
    memory: status.memory,
    logs: status.logs,
    drains: status.drains,
    domain: status.domain,
    router_mark: status.routerMark,
    addresses: status.addresses,
    certificate_orders: orders && {
      hosts: orders.hosts,
      failing: orders.failing,
      first: orders.first && {
        app: orders.first.app === null ? null : { name: orders.first.app },
        hostname: orders.first.host,
        reason: orders.first.reason,
      },
    },
    certificates_ending: status.certificatesEnding.map(({ app, name, notAfter, host }) => ({
      app: app === null ? null : { name: app },
      name,
      expires_at: notAfter,
      hostname: host,
    })),
    names_taken: status.namesTaken,
    http: status.http,
    https: status.https,
  };
}
