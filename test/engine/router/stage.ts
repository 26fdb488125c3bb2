// A real router on a free port, small servers on loopback as its endpoints, and ways to ask it things.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  type Agent,
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { createImages } from '../../../platform/engine/images.ts';
import { ownLabels } from '../../../platform/engine/labels.ts';
import {
  type AccessLine,
  type AppRoute,
  createRouter,
  type Endpoint,
  type Router,
  type RouterNeeds,
} from '../../../platform/router/router.ts';
import { createRuntime } from '../../../platform/router/runtime.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Ask {
  path?: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  agent?: Agent;
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

export async function openStage(options: Partial<RouterNeeds> = {}) {
  const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] || '/var/run/docker.sock' });
  const image = (await createImages({ engine }).ensure('router')).reference;
  const root = mkdtempSync(join(tmpdir(), 'twelve-router-'));
  const instance = randomBytes(4).toString('hex');
  const port = options.http?.port ?? (await freePort());
  const lines: AccessLine[] = [];
  const problems: string[] = [];
  const servers: Server[] = [];
  const make = (more: Partial<RouterNeeds> = {}): Promise<Router> =>
    createRouter({
      engine,
      instance,
      image: async () => image,
      folder: join(root, 'router'),
      runFolder: join(root, 'run'),
      http: { host: '127.0.0.1', port },
      domain: 'localhost',
      drainMs: 5_000,
      onAccess: (line) => lines.push(line),
      onProblem: (message) => problems.push(message),
      ...options,
      ...more,
    });

  const stage = {
    engine,
    instance,
    port,
    lines,
    problems,
    root,
    router: await make(),
    runtime: createRuntime(join(root, 'router')),
    /** As after the end of our process: another one on the same folder, with other settings perhaps. */
    async reopen(more: Partial<RouterNeeds> = {}): Promise<void> {
      await stage.router.close();
      stage.router = await make(more);
    },
    containers: () => engine.list(ownLabels(instance, 'router')),
    async workerPid(): Promise<string> {
      return /^Pid: (\d+)$/m.exec(await stage.runtime.ask('show info'))![1]!;
    },
    /** A web process: a server on a free port of loopback. */
    async endpoint(answer: RequestListener, process = 'web.1'): Promise<Endpoint & { server: Server }> {
      const server = createServer(answer);
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      return { process, key: randomBytes(6).toString('hex'), address: '127.0.0.1', port, server };
    },
    get: (host: string, ask: Ask = {}): Promise<Answer> => get(port, host, ask),
    /** The first line that fits, as soon as it is there. */
    async line(find: (line: AccessLine) => boolean): Promise<AccessLine> {
      for (let tries = 0; tries < 400; tries += 1) {
        const found = lines.find(find);
        if (found) return found;
        await delay(25);
      }
      throw new Error(`no such line among:\n${lines.map((line) => line.text).join('\n')}`);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await stage.router.destroy();
      engine.close();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
  return stage;
}

export function routeTo(name: string, endpoints: Endpoint[], state: AppRoute['state'] = 'up'): AppRoute {
  const plain = endpoints.map(({ process, key, address, port }) => ({ process, key, address, port }));
  return { appId: `id-${name}`, appName: name, hosts: [`${name}.localhost`], endpoints: plain, state };
}

export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function get(port: number, host: string, ask: Ask): Promise<Answer> {
  const { path = '/', method = 'GET', headers = {}, body, agent } = ask;
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: agent ?? false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
