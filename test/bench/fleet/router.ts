// The router's steering with its real table and files, in front of something that stands in for HAProxy: it accepts every command.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../../platform/engine/engine.ts';
import { createCertificates } from '../../../platform/router/certificates.ts';
import { createFiles, readPages } from '../../../platform/router/files.ts';
import { herokuTimeouts, type RouterSettings } from '../../../platform/router/haproxy-config.ts';
import type { Runtime } from '../../../platform/router/runtime.ts';
import { socketsIn } from '../../../platform/router/sockets.ts';
import { createSteering, type Steering } from '../../../platform/router/steering.ts';
import type { AppRoute } from '../../../platform/router/table.ts';
import { freePorts } from '../polling.ts';

export interface FleetRouter {
  /** Of the server that was started last. */
  steering(): Steering;
  /** As at a server's start: with these routes, and a HAProxy of which nothing is known. */
  start(routes: AppRoute[]): Promise<void>;
  close(): Promise<void>;
}

export async function createFleetRouter(engine: Engine, image: string, parent: string): Promise<FleetRouter> {
  const folder = mkdtempSync(join(parent, 'router-'));
  mkdirSync(join(folder, 'pages'));
  const [port] = await freePorts(1);
  const http = { host: '127.0.0.1', port: port! };
  const settings: RouterSettings = {
    http,
    https: null,
    acmeThumbprint: null,
    mark: null,
    timeouts: herokuTimeouts,
    openFiles: 40_000,
    hardStopMs: 300_000,
    asRoot: true,
    pages: readPages(),
  };
  const problems: string[] = [];
  const runtime = standIn(folder);
  const make = (): Steering =>
    createSteering({
      runtime,
      settings,
      container: {
        engine,
        instance: 'test',
        image: async () => image,
        folder,
        http,
        https: null,
        sockets: socketsIn(folder),
        leaving: new Set(),
        signal: new AbortController().signal,
        answers: async () => true,
        reload: runtime.reload,
      },
      files: createFiles(folder),
      certificates: createCertificates({ folder, runtime, onProblem: (message) => problems.push(message) }),
      drainMs: 1000,
      spare: 64,
      onProblem: (message) => problems.push(message),
    });
  let steering: Steering | undefined;
  return {
    steering: () => steering!,
    async start(routes) {
      await steering?.close();
      steering = make();
      await steering.start(routes);
    },
    async close() {
      await steering?.close();
      rmSync(folder, { recursive: true });
      if (problems.length > 0) throw new Error(`The router had problems:\n${problems.join('\n')}`);
    },
  };
}

/** Runs the configuration that was loaded last; nobody uses its servers. */
function standIn(folder: string): Runtime {
  let loaded: string | undefined;
  const load = (): void => {
    loaded = /description "(.*)"/.exec(readFileSync(join(folder, 'haproxy.cfg'), 'utf8'))?.[1];
  };
  return {
    ask: async (command) => (command.includes('del server') ? 'Server deleted.' : ''),
    askOld: async () => '',
    oldWorkers: async () => [],
    async identity() {
      if (loaded === undefined) load();
      return loaded;
    },
    picture: async () => ({ places: new Map(), servers: new Map() }),
    apply: async () => undefined,
    renewLog: async () => undefined,
    reload: async () => load(),
  };
}
