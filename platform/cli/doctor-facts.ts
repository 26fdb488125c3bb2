// What the doctor looks at: this machine, the server's answer, names and ports. Gathered here, judged elsewhere.
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import { timeLimit } from '../domain/time-limit.ts';
import type { Client } from './client.ts';
import type { Call } from './command.ts';
import { findServer, isLoopback, openServer } from './context.ts';
import { doorsOf, type Way, waysTo } from './doctor-ways.ts';
import { ApiError } from './errors.ts';
import type { ServerStatus } from './v3-status.ts';
import { version } from './version.ts';

export interface Facts {
  client: { version: string; node: string };
  login: { path: string /** Permission bits; null: there is none. */; mode: number | null; token: boolean };
  url: string;
  /** Why there is no answer; null where there is one. */
  unreachable: string | null;
  /** It answers, but not this token: how it stands is for administrators, or nothing is for it. */
  refused?: 'not an administrator' | 'not known';
  status: ServerStatus | null;
  /** The address is of this machine, and who answers there is on another one. */
  tunnel: boolean;
  /** This machine is the server's. */
  here: boolean;
  /** Milliseconds that this machine's clock is before the server's, and how exactly that is known. */
  clock: { ahead: number; precision: number } | null;
  /** Of the apps' names, and of the domain's own. */
  ways: Way[];
  /** Where visitors come in; null: no way to there is known here. */
  ports: { host: string; port: number; open: boolean }[] | null;
  /** The certificate that visitors are shown by the domain's own name; absent where they are shown none. */
  shown?: {
    name: string;
    /** Why nobody believes it by himself; null: everybody does. */
    problem: string | null;
    daysLeft: number;
  };
}

const patienceMs = 20_000;
const portMs = 3000;

export async function gatherFacts(call: Call): Promise<Facts> {
  const { env } = call.world;
  const { url, token } = findServer(env);
  const path = join(env.configFolder, 'login.json');
  const { client, ...answer } = await askServer(call, token);
  const { status } = answer;
  const nothing = { clock: null, ways: [], ports: [], tunnel: false, here: false };
  return {
    client: { version: version(), node: process.version },
    login: { path, mode: statSync(path, { throwIfNoEntry: false })?.mode ?? null, token: Boolean(token) },
    ...{ url, ...answer },
    ...(client && status ? await lookAround(call, client, new URL(url), status) : nothing),
  };
}

type Around = Pick<Facts, 'tunnel' | 'here' | 'clock' | 'ways' | 'ports' | 'shown'>;

/** None waits for another, but for what only a name leads to. */
async function lookAround(call: Call, client: Client, url: URL, status: ServerStatus): Promise<Around> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const own = bootId();
  const known = own !== null && Boolean(status.boot_id);
  const tunnel = isLoopback(url.hostname) && known && own !== status.boot_id;
  const here = known && own === status.boot_id;
  const at = here ? ownPlace : (_door: unknown, way: string): string => way;
  const ways = waysTo(status);
  const visitors = async (): Promise<Pick<Facts, 'ports' | 'shown'>> => {
    const { https } = status;
    // This end of a tunnel is no place that visitors come to.
    const way = tunnel ? (await ways[0])?.addresses.find((address) => !isLoopback(address)) : host;
    if (way === undefined) return { ports: null };
    const [ports, shown] = await Promise.all([
      Promise.all(doorsOf(status).map((door) => tried(at(door, way), door.port))),
      https && certificateAt(at(https, way), https.port, status.domain),
    ]);
    return { ports, ...(shown && { shown }) };
  };
  const [clock, found, seen] = await Promise.all([
    here ? null : compareClocks(call, client),
    Promise.all(ways),
    visitors(),
  ]);
  return { tunnel, here, clock, ways: found, ...seen };
}

/** Which start of which machine this is, for programs in containers as for others; null where no kernel tells it. */
function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

async function askServer(
  call: Call,
  token: string | undefined,
): Promise<Pick<Facts, 'status' | 'unreachable' | 'refused'> & { client?: Client }> {
  if (!token) return { status: null, unreachable: null };
  const client = openServer(call.world.env, {
    signal: AbortSignal.any([call.signal, timeLimit(patienceMs)]),
    warn: call.out.warn,
  });
  try {
    return { client, status: await client.get<ServerStatus>('/server/status'), unreachable: null };
  } catch (error) {
    if (call.signal.aborted) throw error;
    const refused = await refusalOf(client, error);
    return { status: null, unreachable: messageOf(error), ...(refused && { refused }) };
  }
}

/** The first answer may have taken long, since the disk is gone through for it; this one tells the time. */
async function compareClocks({ signal }: Call, client: Client): Promise<Facts['clock']> {
  const before = Date.now();
  try {
    const { now } = await client.get<ServerStatus>('/server/status');
    const after = Date.now();
    return { ahead: (before + after) / 2 - Date.parse(now), precision: after - before };
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** A server that is asked by a name which is not its own refuses everybody: that is no matter of the token. */
async function refusalOf(client: Client, error: unknown): Promise<Facts['refused']> {
  const id = error instanceof ApiError ? error.id : '';
  if (id === 'unauthorized') return 'not known';
  if (id !== 'forbidden') return undefined;
  return await client.get('/account').then(
    () => 'not an administrator',
    () => undefined,
  );
}

/** On the server itself the one address is known that it listens on, where it does not on all. */
function ownPlace({ host }: ServerStatus['http'], otherwise: string): string {
  return ['0.0.0.0', '::', ''].includes(host) ? otherwise : host;
}

async function certificateAt(host: string, port: number, name: string): Promise<Facts['shown']> {
  const { connect: connectTls } = await import('node:tls');
  return await new Promise((resolve) => {
    const options = { host, port, servername: name, timeout: portMs, rejectUnauthorized: false };
    const socket = connectTls(options);
    const end = (found: Facts['shown']): void => {
      socket.destroy();
      resolve(found);
    };
    socket
      .once('secureConnect', () => {
        const daysLeft = (Date.parse(socket.getPeerCertificate().valid_to) - Date.now()) / 86_400_000;
        end({ name, problem: socket.authorized ? null : String(socket.authorizationError), daysLeft });
      })
      .once('timeout', () => end(undefined))
      .once('error', () => end(undefined));
  });
}

function tried(host: string, port: number): Promise<{ host: string; port: number; open: boolean }> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: portMs });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve({ host, port, open });
    };
    socket
      .once('connect', () => end(true))
      .once('timeout', () => end(false))
      .once('error', () => end(false));
  });
}
