// A HAProxy that fails in the midst of a change: who was taken out by then is seen off all the same.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCertificates } from '../../../platform/router/certificates.ts';
import { createFiles } from '../../../platform/router/files.ts';
import {
  configIdentity,
  herokuTimeouts,
  type RouterSettings,
} from '../../../platform/router/haproxy-config.ts';
import type { Runtime } from '../../../platform/router/runtime.ts';
import { socketsIn } from '../../../platform/router/sockets.ts';
import { createSteering, type Steering } from '../../../platform/router/steering.ts';
import {
  type AppRoute,
  afterChange,
  keyIn,
  type Picture,
  type ServerEntry,
} from '../../../platform/router/table.ts';
import { createMemoryEngine } from '../../support/memory-engine.ts';

const settings: RouterSettings = {
  http: { host: '127.0.0.1', port: 0 },
  https: null,
  acmeThumbprint: null,
  mark: null,
  timeouts: herokuTimeouts,
  openFiles: 2000,
  hardStopMs: 300_000,
  asRoot: false,
  pages: new Map(),
};

/** Holds what it is told, and as many open requests as a test says. */
function createProxy() {
  let held: Picture = { places: new Map(), servers: new Map() };
  const proxy = { open: new Map<string, number>(), breaks: false, applied: (): void => undefined };
  const deleted = (command: string): string => {
    const path = /del server (\S+)/.exec(command)![1]!;
    if (proxy.open.get(keyIn(path)!)) return 'Server still has connections attached to it';
    const servers = new Map(held.servers);
    servers.delete(path);
    held = { ...held, servers };
    return 'Server deleted.';
  };
  const runtime: Runtime = {
    async ask(command) {
      if (command.includes('del server')) return deleted(command);
      const lines = [...held.servers.keys()].map((path) => {
        const [backend, server] = path.split('/');
        return `${backend},${server},0,${proxy.open.get(keyIn(path)!) ?? 0},1,`;
      });
      return ['# pxname,svname,qcur,scur,stot,', ...lines].join('\n');
    },
    askOld: async () => '',
    oldWorkers: async () => [],
    identity: async () => configIdentity(settings, 4),
    picture: async () => held,
    async apply({ add, turn, leaving }) {
      proxy.applied();
      const servers = new Map<string, ServerEntry>(held.servers);
      for (const command of add) servers.set(command.split(' ')[2]!, { address: '', port: 0, ready: true });
      for (const path of leaving) servers.set(path, { ...servers.get(path)!, ready: false });
      held = afterChange({ ...held, servers }, { ...held, servers });
      if (proxy.breaks && turn.length > 0) throw new Error('The router does not answer.');
    },
    renewLog: async () => undefined,
    reload: async () => undefined,
  };
  return { proxy, runtime };
}

let folder: string;
let steering: Steering;
let proxy: ReturnType<typeof createProxy>['proxy'];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-steering-'));
  const made = createProxy();
  proxy = made.proxy;
  const engine = createMemoryEngine({ images: ['haproxy:1'] });
  steering = createSteering({
    runtime: made.runtime,
    settings,
    container: {
      engine,
      instance: 'test',
      image: async () => 'haproxy:1',
      folder,
      http: settings.http,
      https: null,
      sockets: socketsIn(folder),
      leaving: new Set(),
      signal: new AbortController().signal,
      answers: async () => true,
      reload: made.runtime.reload,
    },
    files: createFiles(folder),
    certificates: createCertificates({ folder, runtime: made.runtime, onProblem: () => undefined }),
    drainMs: 60_000,
    spare: 4,
    onProblem: () => undefined,
  });
});
afterEach(async () => {
  await steering.close();
  rmSync(folder, { recursive: true });
});

const route = (...keys: string[]): AppRoute => ({
  appId: 'id-one',
  appName: 'one',
  hosts: ['one.localhost'],
  state: 'up',
  endpoints: keys.map((key) => ({ process: 'web.1', key, address: '10.213.0.2', port: 5006 })),
});

/** Whether it counts as drained by now. */
async function isDrained(key: string): Promise<boolean> {
  return Promise.race([steering.drained(key).then(() => true), sleep(100, false)]);
}

test('its open requests are waited for once the router follows', async () => {
  await steering.start([route('old')]);
  proxy.open.set('old', 1);
  proxy.breaks = true;
  await expect(steering.serve(route('new'))).rejects.toThrow('does not answer');
  proxy.breaks = false;
  await steering.serve(route('new'));
  expect(await isDrained('old')).toBe(false);
  proxy.open.delete('old');
  await steering.drained('old');
});

test('one that comes back while another of its change is drained is seen off again when it leaves', async () => {
  await steering.start([route('a', 'b')]);
  proxy.open.set('a', 1).set('b', 1);
  await steering.serve(route('c'));
  await steering.serve(route('c', 'b'));
  await sleep(400);
  await steering.serve(route('c'));
  proxy.open.delete('a');
  await sleep(400);
  expect(await isDrained('b')).toBe(false);
  proxy.open.delete('b');
  await steering.drained('b');
});

test('certificates that come while it starts are not forgotten', async () => {
  let secured: Promise<void> | undefined;
  proxy.applied = () => {
    secured ??= steering.secure({ fallback: 'pem', entries: [] });
  };
  await steering.start([route('a')]);
  await secured;
  expect(existsSync(join(folder, 'certificates', 'list'))).toBe(true);
});

test('a change of an app writes nothing of the certificates, which are the same', async () => {
  await steering.secure({ fallback: 'pem', entries: [{ pem: 'other', hosts: ['www.one.org'] }] });
  await steering.start([route('a')]);
  const inodes = (): number[] =>
    ['default.pem', 'list'].map((name) => statSync(join(folder, 'certificates', name)).ino);
  const before = inodes();
  await steering.serve(route('b'));
  expect(inodes()).toEqual(before);
  await steering.secure({ fallback: 'new', entries: [] });
  expect(inodes()).not.toEqual(before);
});
