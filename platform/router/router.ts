// Visitors' traffic: HAProxy in a container, told at run time who serves which host.
import { mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { RouteState } from '../domain/route.ts';
import type { Engine } from '../engine/engine.ts';
import { listenForAccess } from './access-listener.ts';
import type { AccessLine } from './access-log.ts';
import { createCertificates, type RouterCertificates } from './certificates.ts';
import { type ContainerNeeds, masterIsRoot, removeContainer } from './container.ts';
import { createFiles, prepareFolder, readPages } from './files.ts';
import { herokuTimeouts, type Listener, type RouterSettings, type Timeouts } from './haproxy-config.ts';
import { catchUp, keepLogLink } from './log-link.ts';
import { createRequestTally, type RequestCounts } from './request-tally.ts';
import { createRuntime } from './runtime.ts';
import { socketsIn } from './sockets.ts';
import { createSteering } from './steering.ts';
import { superviseContainer } from './supervision.ts';
import { type AppRoute, checkedRoute } from './table.ts';

export type { Endpoint, RouteState } from '../domain/route.ts';
export type { AccessLine } from './access-log.ts';
export type { RouterCertificate, RouterCertificates } from './certificates.ts';
export type { AppRoute } from './table.ts';

export interface EndpointStats {
  appId: string;
  process: string;
  key: string;
  /** Open requests. */
  sessions: number;
  /** Requests since HAProxy knows it. */
  total: number;
  /** Takes new requests; otherwise it drains. */
  ready: boolean;
}

export interface Router {
  /** Brings HAProxy up (keeps a running one of ours, otherwise starts it) with exactly these routes. */
  start(routes: AppRoute[]): Promise<void>;
  /**
   * Resolves when the router sends new traffic to exactly these endpoints. Calls are applied in their order. Before
   * `start` it waits for it.
   */
  serve(route: AppRoute): Promise<void>;
  /** Resolves when TLS is served with exactly these; before `start` they are kept for it. */
  secure(certificates: RouterCertificates): Promise<void>;
  /** What visitors of an app get, as it was told last; null of one that it was not told of. */
  stateOf(appId: string): RouteState | null;
  remove(appId: string): Promise<void>;
  /**
   * Resolves when an endpoint that was taken out, also by a server before us, has no open request (at the drain deadline
   * its sessions are cut) and was deleted, or was put back meanwhile; at once for any other. After `close` it stays pending.
   */
  drained(key: string): Promise<void>;
  stats(): Promise<EndpointStats[]>;
  /** Requests that ended since our start, by the app's id. */
  requests(): ReadonlyMap<string, RequestCounts>;
  /** Lets HAProxy go on; only our sockets close. */
  close(): Promise<void>;
  /** Stops and removes the HAProxy container. */
  destroy(): Promise<void>;
}

export interface RouterNeeds {
  engine: Engine;
  instance: string;
  image: () => Promise<string>;
  /** Configuration, maps, pages and sockets. */
  folder: string;
  /** Short; used for a link when the folder's path is too long for sockets. */
  runFolder: string;
  http: Listener;
  /** For visitors over TLS; null: none. */
  https?: Listener | null;
  /** See RouterSettings. */
  acmeThumbprint?: string | null;
  /** See RouterSettings. */
  mark?: string | null;
  domain: string;
  /** Hosts that lead to no app, whichever has them or a wildcard for them. */
  reserved?: readonly string[];
  drainMs: number;
  onAccess: (line: AccessLine) => void;
  onProblem: (message: string) => void;
  /** Those that are not given are Heroku's. */
  timeouts?: Partial<Timeouts>;
  /** Backends declared ahead. */
  spare?: number;
}

/** Connections that fit: a tenth of the memory, at about 50 kB for both sides of one. */
const CONNECTION_BYTES = 50_000;

export async function createRouter(needs: RouterNeeds): Promise<Router> {
  const { engine, instance, folder, onProblem } = needs;
  mkdirSync(folder, { recursive: true });
  const sockets = prepareFolder(folder, needs.runFolder);
  const settings = settingsOf(needs);
  const { http, https } = settings;
  const runtime = createRuntime(sockets);
  const ending = new AbortController();
  const container: ContainerNeeds = {
    engine,
    instance,
    image: needs.image,
    folder,
    http,
    https,
    sockets: socketsIn(folder),
    leaving: new Set(),
    signal: ending.signal,
    answers: async (name) => (await runtime.identity(name)) !== undefined,
    async reload() {
      await catchUp(runtime, access);
      await runtime.reload();
    },
  };
  const steering = createSteering({
    runtime,
    settings,
    container,
    files: createFiles(folder),
    certificates: createCertificates({ folder, runtime, onProblem }),
    drainMs: needs.drainMs,
    reserved: needs.reserved ?? [],
    spare: needs.spare ?? 64,
    onProblem,
  });
  const tally = createRequestTally();
  const access = await listenForAccess({
    path: join(sockets, 'access.sock'),
    onAccess(line) {
      tally.add(line);
      needs.onAccess(line);
    },
    onProblem,
  });

  async function close(): Promise<void> {
    ending.abort();
    await steering.close();
    await access.close();
  }

  return {
    async start(routes) {
      await steering.start(routes.map(checkedRoute));
      void keepLogLink(runtime, access, ending.signal);
      superviseContainer({ engine, instance, signal: ending.signal, heal: steering.heal, onProblem });
    },
    serve: async (route) => steering.serve(checkedRoute(route)),
    secure: (certificates) => steering.secure(certificates),
    stateOf: (appId) => steering.stateOf(appId),
    async remove(appId) {
      tally.forget(appId);
      await steering.remove(appId);
    },
    drained: (key) => steering.drained(key),
    stats: () => steering.stats(),
    requests: tally.all,
    close,
    async destroy() {
      await close();
      await removeContainer(engine, instance);
    },
  };
}

function settingsOf(needs: RouterNeeds): RouterSettings {
  const { http, https = null, acmeThumbprint = null, mark = null } = needs;
  const fitting = Math.floor(totalmem() / 10 / CONNECTION_BYTES);
  return {
    ...{ http, https, acmeThumbprint, mark },
    timeouts: { ...herokuTimeouts, ...needs.timeouts },
    openFiles: 2 * Math.min(20_000, Math.max(1000, fitting)),
    hardStopMs: Math.max(needs.drainMs, 300_000),
    asRoot: masterIsRoot({ http, https }),
    pages: readPages(),
  };
}
