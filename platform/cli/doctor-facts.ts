// What the doctor looks at: this machine, the server's answer, names and ports. Gathered here, judged elsewhere.
import { lookup } from 'node:dns/promises';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import { timeLimit } from '../domain/time-limit.ts';
import type { Client } from './client.ts';
import type { Call } from './command.ts';
import { findServer, openServer } from './context.ts';
import { ApiError } from './errors.ts';
import type { ServerStatus } from './v3.ts';
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
  /** Milliseconds that this machine's clock is before the server's, and how exactly that is known. */
  clock: { ahead: number; precision: number } | null;
  /** Of a name that any app could have. */
  dns: { name: string; addresses: string[] } | null;
  ports: { host: string; port: number; open: boolean }[];
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
  const answer = await askServer(call, token);
  const { status } = answer;
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
  const shown = status?.https && (await certificateAt(host, status.https.port, status.domain));
  return {
    client: { version: version(), node: process.version },
    login: { path, mode: statSync(path, { throwIfNoEntry: false })?.mode ?? null, token: Boolean(token) },
    ...{ url, ...answer },
    dns: status && (await resolved(`twelve-doctor.${status.domain}`)),
    ports: status ? await Promise.all(portsOf(status).map((port) => tried(host, port))) : [],
    ...(shown && { shown }),
  };
}

async function askServer(
  call: Call,
  token: string | undefined,
): Promise<Pick<Facts, 'status' | 'unreachable' | 'refused' | 'clock'>> {
  if (!token) return { status: null, unreachable: null, clock: null };
  const client = openServer(call.world.env, {
    signal: AbortSignal.any([call.signal, timeLimit(patienceMs)]),
    warn: call.out.warn,
  });
  try {
    // The first answer may take long: the disk is gone through for it. The second is the clock's.
    await client.get<ServerStatus>('/server/status');
    const before = Date.now();
    const status = await client.get<ServerStatus>('/server/status');
    const after = Date.now();
    const middle = (before + after) / 2;
    return {
      ...{ status, unreachable: null },
      clock: { ahead: middle - Date.parse(status.now), precision: after - before },
    };
  } catch (error) {
    if (call.signal.aborted) throw error;
    const refused = await refusalOf(client, error);
    return { status: null, unreachable: messageOf(error), ...(refused && { refused }), clock: null };
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

async function resolved(name: string): Promise<Facts['dns']> {
  try {
    return { name, addresses: (await lookup(name, { all: true })).map(({ address }) => address) };
  } catch {
    return { name, addresses: [] };
  }
}

/** Where visitors come in. */
function portsOf({ http, https }: ServerStatus): number[] {
  return [http.port, ...(https ? [https.port] : [])];
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

function tried(host: string, port: number): Promise<Facts['ports'][number]> {
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
