// The server as a process of its own, with a data folder that outlives it: started, stopped, started again.
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { freePorts } from './polling.ts';

export const packageRoot = join(import.meta.dirname, '..', '..');

export interface BenchServer {
  instance: string;
  /** Its data. */
  folder: string;
  apiUrl: string;
  token: string;
  /** The router's port. */
  http: number;
  pid(): number;
  /** What it said so far. */
  said(): Promise<string>;
  /** Resolves when the server says that it is up. */
  start(): Promise<void>;
  /** What runs goes on. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface ServerOptions {
  instance: string;
  /** The program Node; usually the one we run in. */
  node?: string;
  /** Of Node, before the program. */
  nodeOptions?: readonly string[];
  settings?: Readonly<Record<string, string>>;
}

export async function createServer(
  bench: Bench,
  { instance, node = process.execPath, nodeOptions = [], settings = {} }: ServerOptions,
): Promise<BenchServer> {
  const data = join(bench.folder, instance, 'data');
  const log = join(bench.folder, instance, 'server.log');
  const [api, http] = await freePorts(2);
  await mkdir(data, { mode: 0o700, recursive: true });
  await writeFile(join(data, 'instance'), `${instance}\n`);
  const env = {
    ...process.env,
    TWELVE_DATA: data,
    TWELVE_RUN: join(bench.folder, instance, 'run'),
    TWELVE_API: `127.0.0.1:${api}`,
    TWELVE_HTTP: `127.0.0.1:${http}`,
    TWELVE_DOMAIN: 'localhost',
    ...settings,
  };
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = bench.programs.start(
      node,
      [...nodeOptions, join(packageRoot, 'dist', 'main.js')],
      // Ctrl-C is for us; the server is ended with all else.
      { env, detached: true },
    );
    await untilUp(child, log);
  }

  await start();
  return {
    instance,
    folder: data,
    apiUrl: `http://127.0.0.1:${api}`,
    token: (await readFile(join(data, 'admin-token'), 'utf8')).trim(),
    http: http!,
    pid: () => child!.pid!,
    said: () => readFile(log, 'utf8'),
    start,
    async stop(signal = 'SIGTERM') {
      const ended = new Promise((resolve) => child!.once('close', resolve));
      child!.kill(signal);
      await ended;
    },
  };
}

async function untilUp(server: ChildProcess, log: string): Promise<void> {
  const kept = createWriteStream(log, { flags: 'a' });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr!.on('data', (text) => kept.write(text));
    server.stdout!.on('data', (text) => {
      kept.write(text);
      said += text;
      if (said.includes('Twelve is up')) resolve();
    });
    server.once('error', reject);
    server.once('exit', async (status) =>
      reject(new Error(`The server ended with ${status}:\n${(await readFile(log, 'utf8')).slice(-2000)}`)),
    );
  });
}
