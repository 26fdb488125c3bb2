// The real HTTP server over real parts, with an engine of memory below: for tests of everything that an address can be asked.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdmission } from '../../platform/actions/admission.ts';
import { createCertificateService } from '../../platform/actions/certificate-service.ts';
import { createClaims } from '../../platform/actions/claims.ts';
import type { Platform } from '../../platform/actions/context.ts';
import { cronOf } from '../../platform/actions/cron.ts';
import { createDesk } from '../../platform/actions/desk.ts';
import { createOutputs } from '../../platform/actions/output.ts';
import { pushesOf } from '../../platform/actions/pushes.ts';
import { createApi } from '../../platform/api/server.ts';
import { createBuilder } from '../../platform/build/build.ts';
import { readConfig } from '../../platform/config.ts';
import type { ResolveSafely } from '../../platform/domain/address.ts';
import type { CronEntry } from '../../platform/domain/cron.ts';
import { PlatformError } from '../../platform/domain/errors.ts';
import type { RouteState } from '../../platform/domain/route.ts';
import type { Digest } from '../../platform/domain/slug.ts';
import { label } from '../../platform/engine/labels.ts';
import { createGit } from '../../platform/git/git.ts';
import { createLog } from '../../platform/log.ts';
import { createLogs } from '../../platform/logs/logs.ts';
import { createFigures } from '../../platform/processes/figures.ts';
import { createInside } from '../../platform/processes/inside.ts';
import { createProcesses } from '../../platform/processes/manager.ts';
import type { ProcessNeeds } from '../../platform/processes/needs.ts';
import { createOneOffs } from '../../platform/processes/one-off.ts';
import { createRequestTally, type RequestTally } from '../../platform/router/request-tally.ts';
import { openStore, type Store } from '../../platform/store/store.ts';
import { createMemoryEngine, type MemoryEngine } from './memory-engine.ts';
import type { Route } from './routes.ts';

export interface ApiGround extends AsyncDisposable {
  url: string;
  port: number;
  /** An administrator's, good for everything. */
  token: string;
  /** Another one, for who has revoked it or removed its user. */
  renewToken(): void;
  folder: string;
  platform: Platform;
  engine: MemoryEngine;
  /** What the server wrote into its log as a warning or worse. */
  logged: Record<string, unknown>[];
  /** Where the router would count requests. */
  tally: RequestTally;
  /** All that the server's router knows. */
  routes: readonly Route[];
}

const root = join(import.meta.dirname, '..', '..');

/** @param limits instead of the server's own: see createApi */
export async function startApi(limits: Parameters<typeof createApi>[1] = {}): Promise<ApiGround> {
  const folder = mkdtempSync(join(tmpdir(), 'twelve-api-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  const store = openStore({ folder: data, create: true });
  const user = store.users.create('ada@example.com', { admin: true });
  const tokenOf = (id: string): string =>
    store.tokens.create(id, { description: 'test', scope: 'admin' }).text;
  // One-offs end soon: there is room for so many only.
  const engine = createMemoryEngine({
    images: ['twelve/app:1'],
    behaviours: ({ labels }) => (labels[label.kind] === 'run' ? { exitAfterMs: 30 } : undefined),
  });
  const logged: Record<string, unknown>[] = [];
  const tally = createRequestTally();
  const platform = await makePlatform({ folder, data, store, engine, logged, tally });
  const api = createApi(platform, limits);
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  await platform.processes.adopt();
  platform.processes.go();
  await platform.cron.begin();
  api.answer();
  return {
    ...{
      url: `http://127.0.0.1:${port}`,
      port,
      token: tokenOf(user.id),
      renewToken(this: ApiGround) {
        const admins = store.users.list().filter(({ admin }) => admin);
        this.token = tokenOf((admins[0] ?? store.users.create('grace@example.com', { admin: true })).id);
      },
      folder,
      platform,
      engine,
      logged,
      tally,
      routes: api.routes,
    },
    async [Symbol.asyncDispose]() {
      await api.close();
      await platform.certificates.close();
      await platform.running.close();
      await platform.cron.close();
      await platform.git.close();
      await platform.processes.close();
      await platform.builder.close();
      platform.figures.close();
      await platform.logs.close();
      store.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

interface Parts {
  folder: string;
  data: string;
  store: Store;
  engine: MemoryEngine;
  logged: Record<string, unknown>[];
  tally: RequestTally;
}

/** As main.ts connects them; the router, and what makes and keeps slugs, stand for containers that are not here. */
async function makePlatform({ folder, data, store, engine, logged, tally }: Parts): Promise<Platform> {
  const env = { TWELVE_DATA: data, TWELVE_RUN: join(folder, 'run'), TWELVE_MIN_FREE: '0' };
  const config = {
    ...readConfig(env),
    ...{ bootTimeoutMs: 2000, stopGraceMs: 500, releasePhaseTimeoutMs: 2000 },
    // Nothing is ordered here, since nobody begins to: what is said of orders is asked for all the same, without TLS too.
    acme: { directory: 'https://ca.test/dir', email: 'ada@example.com', caFile: null },
  };
  const instance = 'test';
  const log = createLog('warn', { write: (line: string) => void logged.push(JSON.parse(line)) });
  const onProblem = (message: string): void => log.warn(message);
  const logs = await createLogs({
    ...{ folder: join(data, 'logs'), budgetBytes: 1_000_000, resolve: resolveNowhere, onProblem },
  });
  const figures = createFigures({ engine, instance, sizes: config.sizes, logs, onProblem });
  const outputs = createOutputs(join(data, 'outputs'), 1_000_000);
  const states = new Map<string, RouteState>();
  const needs: ProcessNeeds = {
    ...{ engine: engine.connect(), store, instance, figures, logs, onProblem },
    ...{ networks: config.networks, sizes: config.sizes, bootTimeoutMs: config.bootTimeoutMs },
    ...{ stopGraceMs: 500, drainMs: 100, releasePhaseTimeoutMs: 2000, settleMs: 20, reattachMs: 500 },
    listening: async () => true,
    ask: async () => ({ ok: true }),
    image: async () => (await engine.image('twelve/app:1'))!.id,
    serve: async ({ appId, state }) => void states.set(appId, state),
    drained: async () => undefined,
    onServing: (appId) => platform.cron.changed(appId),
    onCronEnded: (run, status) => platform.cron.ended(run, status),
    onReleaseOutput: (release, line) => outputs.open(release.id).write(line),
    onReleaseEnded: (release) => outputs.finish(release.id),
    onEngineBack: async () => undefined,
    reached: () => undefined,
  };
  const processes = createProcesses(needs);
  const { networkOf, fromSlug, oneOffList } = processes;
  const oneOffs = createOneOffs({ ...needs, networkOf, fromSlug, oneOffList });
  const download = async ({ hostname }: URL): Promise<never> => {
    throw new PlatformError('build_failed', `${hostname} is not for this test.`);
  };
  const git = await createGit({
    ...{ folder: join(data, 'git'), runFolder: join(folder, 'run'), resolve: resolveNowhere, onProblem },
    ...pushesOf(() => platform),
  });
  const platform: Platform = {
    ...{ config, instance, log, engine, store, git, processes, oneOffs, figures, logs, outputs },
    // Of a faster clock: many wrong tokens are sent here, and hold nobody up.
    admission: createAdmission(store, () => Date.now() * 10_000),
    builder: builderOf({ folder: data, engine, instance, git, download }),
    slugs: {
      pack: async () => ({ manifest: `sha256:${'0'.repeat(64)}` as Digest, layers: [], size: 1 }),
      ensureImage: async () => (await engine.image('twelve/app:1'))!.id,
      prime: async () => undefined,
      has: async () => true,
      blobs: async () => [],
      async *read() {},
      collect: async () => ({ blobs: 0, bytes: 0, images: [] }),
      leftovers: async () => 0,
      primed: () => [],
      imageIds: async () => [],
      dropImage: async () => true,
      close: async () => undefined,
    },
    certificates: await createCertificateService({
      ...{ store, config, onProblem },
      router: { secure: async () => undefined },
    }),
    router: {
      secure: async () => undefined,
      serve: needs.serve,
      stateOf: (appId) => states.get(appId) ?? null,
      remove: async (appId) => void states.delete(appId),
      stats: async () => [],
      requests: tally.all,
      start: async () => undefined,
      drained: async () => undefined,
      close: async () => undefined,
      destroy: async () => undefined,
    },
    cron: cronOf({ store, logs, oneOffs, log }),
    inside: createInside(needs),
    resolveDrain: resolveNowhere,
    claims: createClaims(Date.now),
    ...createDesk(config, download),
    reached: () => undefined,
    stackImage: async () => 'stack',
    uptimeMs: () => performance.now(),
    currentImages: async () => [],
    packagesAsOf: async () => null,
    requireSpace: async () => undefined,
  };
  return platform;
}

/** Nothing of a test leaves this machine: one address is there, and nobody answers at it. */
const resolveNowhere: ResolveSafely = async ({ hostname, port }) => {
  if (hostname !== 'logs.example') throw new PlatformError('invalid_params', `${hostname} is not found.`);
  return { host: hostname, port: Number(port) || 1, addresses: ['127.0.0.1'] };
};

const yearly: CronEntry = {
  ...{ id: 'yearly', command: 'true', schedule: '0 0 1 1 *', timezone: 'UTC' },
  ...{ policy: 'allow', maintenance: false },
};

interface BuilderParts {
  folder: string;
  engine: MemoryEngine;
  instance: string;
  git: Platform['git'];
  download: (url: URL) => Promise<never>;
}

/** The real one, but that what runs in a build's container is left out: any source becomes an app with web and worker. */
function builderOf({ folder, engine, instance, git, download }: BuilderParts): Platform['builder'] {
  const at = (name: string): string => join(folder, name);
  const builder = createBuilder({
    ...{ engine, instance, memory: 1e9, timeoutMs: 10_000, caFile: null },
    ...{ stackName: 'debian-13', stackCompat: 'heroku-24', buildpacksFolder: join(root, 'buildpacks') },
    ...{ collectionFolder: at('buildpacks'), workFolder: at('work'), cacheFolder: at('cache') },
    image: async () => 'twelve/app:1',
    fetchers: { resolveRef: git.resolveRef, fetchTree: git.fetchTree, download },
  });
  return {
    ...builder,
    async build({ id, fetchSource, signal, write }) {
      const source = mkdtempSync(join(folder, `source-${id.slice(0, 8)}-`));
      await fetchSource(source, signal);
      write('-----> Built');
      return {
        ...{ root: source, created: [], processTypes: { web: 'true', worker: 'true' }, buildpacks: [] },
        ...{ declared: { cron: [yearly] }, configDefaults: {}, beginning: null },
        keepCache: async () => undefined,
        dispose: async () => rmSync(source, { recursive: true, force: true }),
      };
    },
  };
}
