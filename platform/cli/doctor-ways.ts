// Where a name leads, and whether this server's router answers there: asked as a visitor would, who shows no token.
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { isIP } from 'node:net';
import { markHeader } from '../domain/router-mark.ts';
import type { ServerStatus } from './v3-status.ts';

/** What somebody is who answers, from what proves most to what proves least. */
export const answers = [
  'this server',
  'another server',
  'somebody',
  'refused',
  'silent',
  /** From this machine nothing gets there: it has no IPv6, for example. */
  'no way',
] as const;
export type Answer = (typeof answers)[number];

export interface Try {
  address: string;
  port: number;
  answer: Answer;
}

export interface Way {
  /** As people write it: `*.apps.example` */
  name: string;
  addresses: string[];
  /** Empty where the server's router does not tell who it is. */
  tries: Try[];
}

const patienceMs = 3000;
/** More would only be more of the same. */
const mostAddresses = 8;

/** The domain's own name, and one that no app has: the router answers both itself. */
export function waysTo(status: ServerStatus): Promise<Way>[] {
  const { domain } = status;
  const one = `twelve-doctor-${randomBytes(4).toString('hex')}.${domain}`;
  return [wayTo(`*.${domain}`, one, status), wayTo(domain, domain, status)];
}

async function wayTo(name: string, asked: string, status: ServerStatus): Promise<Way> {
  const addresses = await resolved(asked);
  const { router_mark: mark } = status;
  if (!mark) return { name, addresses, tries: [] };
  const tries = addresses.slice(0, mostAddresses).flatMap((address) =>
    doorsToTry(status).map(async ({ port, tls }) => ({
      ...{ address, port },
      answer: await ask({ host: address, port, headers: { Host: asked } }, tls ? asked : null, mark),
    })),
  );
  return { name, addresses, tries: await Promise.all(tries) };
}

async function resolved(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

interface Door {
  host: string;
  port: number;
  tls: boolean;
}

/** Where visitors come in, by the server's own account. */
export function doorsOf({ http, https }: ServerStatus): Door[] {
  return [{ ...http, tls: false }, ...(https ? [{ ...https, tls: true }] : [])];
}

/** Whoever passes visitors on to the server may have them come in by the usual ports. */
function doorsToTry(status: ServerStatus): Omit<Door, 'host'>[] {
  const own = doorsOf(status);
  const usual = [
    { port: 80, tls: false },
    { port: 443, tls: true },
  ];
  return [...own, ...usual.filter(({ port }) => own.every((one) => one.port !== port))];
}

/** @param servername over TLS, with this name */
async function ask(where: RequestOptions, servername: string | null, mark: string): Promise<Answer> {
  const { request } = await (servername === null ? import('node:http') : import('node:https'));
  return await new Promise((resolve) => {
    let connected = false;
    // Who it is says the mark: a certificate that nobody trusts yet is no reason not to ask, and nothing is given away.
    const named = servername !== null && isIP(servername) === 0 ? { servername } : {};
    const tls = servername === null ? {} : { ...named, rejectUnauthorized: false };
    const asking = request({ ...where, ...tls, path: '/', agent: false });
    const late = setTimeout(() => end(connected ? 'somebody' : 'silent'), patienceMs);
    const end = (answer: Answer): void => {
      clearTimeout(late);
      asking.destroy();
      resolve(answer);
    };
    asking
      .once('socket', (socket) => {
        socket.once('connect', () => {
          connected = true;
        });
      })
      .once('response', (response: IncomingMessage) => end(whoseIs(response, mark)))
      // Also after it ended: destroying says so.
      .on('error', ({ code }: NodeJS.ErrnoException) => end(connected ? 'somebody' : whyNot(code)))
      .end();
  });
}

function whoseIs({ headers }: IncomingMessage, mark: string): Answer {
  const theirs = headers[markHeader.toLowerCase()];
  if (theirs === undefined) return 'somebody';
  return theirs === mark ? 'this server' : 'another server';
}

function whyNot(code = ''): Answer {
  if (['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code)) return 'no way';
  return code === 'ETIMEDOUT' ? 'silent' : 'refused';
}
