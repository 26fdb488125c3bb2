// One line of HAProxy's log → Heroku's router line, and which of Heroku's codes fits how the request ended. Pure.
import { codes, type RequestCode } from '../domain/code.ts';
import { nowMicros } from '../domain/log-line.ts';
import { pageCodes } from '../domain/route.ts';
import { secure } from './table.ts';

export interface AccessLine {
  appId: string;
  /** `at=info method=GET path="/" …`, without time and source. */
  text: string;
  /** Microseconds since the epoch: when the request ended. */
  time: number;
  /** What the visitor got. */
  status: number;
  /** What the app took to answer; null where there is a code, or no process was asked. */
  serviceMs: number | null;
  code: RequestCode | null;
}

/** A line is cut here, which costs the end of the path. */
export const longestLine = 4096;

/** Numbers of the headers that HAProxy keeps of each request. It keeps them at next to no cost; a variable costs more. */
export const captured = { host: 0, forwarded: 1, id: 2 } as const;

/** Long enough for what is accepted and one byte more, which shows that it is not. */
const longestForwarded = 400;
export const captures = [
  // A host name with a port.
  'capture request header Host len 260',
  `capture request header X-Forwarded-For len ${longestForwarded + 1}`,
  'capture request header X-Request-ID len 1',
  'capture response header Content-Length len 15',
];

/**
 * Separated by tabs, which cannot be in any field: HAProxy writes control characters in what it captured and in the
 * request's first line as `#09`. That line is last, so that a cut costs only its end. What the reader can work out is not
 * asked for: each field costs every request a tenth of a microsecond.
 */
export const accessFormat = (protocol: 'http' | 'https'): string =>
  ['%[var(txn.place)]', protocol, ...facts].join('\\t');

const facts = [
  '%[date(0,us)]',
  '%ts',
  '%[fs.debug_str(8)]',
  '%[var(txn.id)]',
  '%ci',
  '%s',
  '%TR',
  '%Tw',
  '%Tc',
  '%Ta',
  '%ST',
  '%B',
  '%[var(txn.head)]',
  '%hs',
  '%hr',
  '%r',
];

const fieldCount = facts.length + 2;

interface Verdict {
  code: RequestCode;
  /** Whose connection broke; Heroku says it for some. */
  sock?: 'client' | 'backend';
  /** What the visitor got or, for 499, did not wait for. */
  status: number;
}

const verdict = (code: RequestCode, rest: Partial<Verdict> = {}): Verdict => ({ code, status: 503, ...rest });

const noProcess = verdict('H14');
const idle = verdict('H15');
const serverInterrupted = verdict('H18', { sock: 'backend' });
const forcedClose = verdict('H24');
const clientInterrupted = verdict('H27', { sock: 'client', status: 499 });
const clientIdle = verdict('H28', { sock: 'client', status: 499 });
const platform = verdict('H99');

/** HAProxy's two letters: who ended the session (capital: closed it, small: by timeout), and in which phase. */
const byEnd: Readonly<Record<string, Verdict>> = {
  sH: verdict('H12'),
  SH: verdict('H13'),
  PH: verdict('H17'),
  sD: idle,
  SD: serverInterrupted,
  PD: serverInterrupted,
  sC: verdict('H19'),
  SC: verdict('H21'),
  sQ: noProcess,
  SQ: noProcess,
};

const byState: Readonly<Record<string, Verdict>> = Object.fromEntries(
  Object.entries(pageCodes).map(([state, code]) => [state, verdict(code)]),
);

/** Places of the fields. */
const at = {
  ...{ place: 0, protocol: 1, time: 2, end: 3, connection: 4, id: 5, client: 6, server: 7 },
  ...{ TR: 8, Tw: 9, Tc: 10, Ta: 11, status: 12, bytes: 13, head: 14, length: 15, headers: 16, line: 17 },
} as const;

/** Undefined for lines that are no request of an app. Called for every request: plain code, no work that is rarely needed. */
export function accessLine(raw: string): AccessLine | undefined {
  const field = split(saysProtocol(raw) ? raw : raw.replace('\t', '\thttp\t'));
  if (!field) return undefined;
  const place = field[at.place]!;
  const appEnd = place.indexOf(':');
  if (appEnd < 1) return undefined;
  const server = field[at.server]!;
  const known = server !== '<NOSRV>';
  const dyno = known ? server.slice(0, server.indexOf(':')) : '';
  const { method, path, version } = firstLine(field[at.line]!);
  const state = place.slice(appEnd + 1);
  const sentOn = state.startsWith(`${secure}:`) && field[at.end]!.startsWith('L');
  const found = sentOn ? undefined : judge(field, state, known, version);
  const where = `method=${method} path="${path}" host=${hostOf(field[at.headers]!)} request_id=${field[at.id]} fwd="${forwardedFor(field)}" dyno=${dyno}`;
  const protocol = `protocol=${field[at.protocol]}`;
  const text = found
    ? `${lead(found)} ${where} ${failure(found, field, known)} ${protocol}`
    : `at=info ${where} ${sentOn ? redirected(field) : success(field, method)} ${protocol}`;
  return {
    appId: place.slice(0, appEnd),
    text,
    time: Number(field[at.time]) || nowMicros(),
    status: found?.status ?? Number(field[at.status]),
    serviceMs: found || sentOn ? null : serviceMs(field),
    code: found?.code ?? null,
  };
}

function success(field: string[], method: string): string {
  return `connect=${field[at.Tc]}ms service=${serviceMs(field)}ms status=${field[at.status]} bytes=${bodyBytes(field, method)}`;
}

/** To HTTPS: no process was asked. */
function redirected(field: string[]): string {
  return `connect= service= status=${field[at.status]} bytes=0`;
}

/** The router of the first version served no TLS and says nothing of it: the time is where the protocol would be. */
function saysProtocol(raw: string): boolean {
  const code = raw.charCodeAt(raw.indexOf('\t') + 1);
  return code < 48 || code > 57;
}

/** @returns the fields, the last of which may hold anything; undefined when there are too few */
function split(raw: string): string[] | undefined {
  const fields: string[] = [];
  let from = 0;
  for (let index = 1; index < fieldCount; index += 1) {
    const tab = raw.indexOf('\t', from);
    if (tab < 0) return undefined;
    fields.push(raw.slice(from, tab));
    from = tab + 1;
  }
  fields.push(raw.slice(from));
  return fields;
}

/** `GET /a?b HTTP/1.1`; the end may be cut off. Of a whole URL only the path counts. */
function firstLine(line: string): { method: string; path: string; version: string } {
  const from = line.indexOf(' ');
  const to = line.lastIndexOf(' ');
  const version = to > from && line.startsWith('HTTP/', to + 1) ? line.slice(to + 1) : '';
  const target = line.slice(from + 1, version === '' ? line.length : to);
  const path = target.startsWith('/') ? target : target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*/, '');
  return { method: line.slice(0, from), path: path.includes('#') ? unescaped(path) : path, version };
}

/** HAProxy writes a quote as `#22`, `#` as `#23`, and so on. Ours is Heroku's way: `%22`. */
function unescaped(text: string): string {
  return text.replaceAll(/#([0-9A-F]{2})/g, (_, code: string) => (code === '23' ? '#' : `%${code}`));
}

/** Of `{Host|X-Forwarded-For|X-Request-ID}`. It led to an app, so it is one of ours, as the client wrote it. */
function hostOf(headers: string): string {
  const host = headers.slice(1, headers.indexOf('|'));
  const port = host.indexOf(':');
  return (port < 0 ? host : host.slice(0, port)).toLowerCase();
}

const forwardedPattern = new RegExp(`^[0-9A-Za-z.:,_ -]{1,${longestForwarded}}$`);

/** The client's address, behind those it says it passed the request on for. */
function forwardedFor(field: string[]): string {
  const headers = field[at.headers]!;
  const from = headers.indexOf('|') + 1;
  const forwarded = headers.slice(from, headers.indexOf('|', from));
  const client = field[at.client]!;
  return forwarded !== '' && forwardedPattern.test(forwarded) ? `${forwarded}, ${client}` : client;
}

function serviceMs(field: string[]): number {
  const [wait, connect] = [Number(field[at.Tw]), Number(field[at.Tc])];
  return Number(field[at.Ta]) - Number(field[at.TR]) - Math.max(wait, 0) - Math.max(connect, 0);
}

/** @param state of a place that is a page: `crashed:b12` */
function judge(field: string[], state: string, known: boolean, version: string): Verdict | undefined {
  const end = field[at.end]!;
  if (end === '--') return undefined;
  if (end.startsWith('L')) return byState[state.slice(0, Math.max(state.indexOf(':'), 0))] ?? platform;
  // An upgraded connection that was silent too long may be ended on either side's account.
  if (field[at.status] === '101' && (end === 'cD' || end === 'sD')) return idle;
  if (end === 'CD' && version !== 'HTTP/2.0' && clientStayed(field[at.connection]!)) return idle;
  if (end.startsWith('C')) return clientInterrupted;
  if (end.startsWith('c')) return clientIdle;
  if (end.startsWith('K')) return forcedClose;
  if (end === 'SC' && !known) return noProcess;
  return byEnd[end] ?? platform;
}

/**
 * HAProxy reports a response that fell silent as a client that left (CD). It is one only if the client's side was closed:
 * bit 18 of the connection's flags. Where the flags are not as we know them, it was the client.
 */
function clientStayed(connection: string): boolean {
  const flags = /conn\.flg=0x([0-9a-f]{8})\b/.exec(connection);
  return flags !== null && (Number.parseInt(flags[1]!, 16) & 0x40000) === 0;
}

/** What is not the app's error: Heroku's words for how much it matters. */
const levels: Partial<Record<RequestCode, string>> = { H27: 'warning', H28: 'warning', H80: 'info' };

function lead({ code, sock }: Verdict): string {
  const level = levels[code] ?? 'error';
  return `${sock ? `sock=${sock} ` : ''}at=${level} code=${code} desc="${codes[code]}"`;
}

/** Heroku leaves empty what did not happen: no process, no service. */
function failure(found: Verdict, field: string[], known: boolean): string {
  const connect = Number(field[at.Tc]);
  if (!known) return `connect= service= status=${found.status} bytes=`;
  // How long it was tried.
  if (connect < 0) return `connect=${Math.max(serviceMs(field), 0)}ms service= status=${found.status} bytes=`;
  // Before the response began, whatever was sent is our own page.
  const sent = field[at.end]!.endsWith('D') ? field[at.bytes] : '0';
  return `connect=${connect}ms service=${Math.max(serviceMs(field), 0)}ms status=${found.status} bytes=${sent}`;
}

/** HAProxy counts headers too; the body is what the app announced, or what is left without start line and headers. */
function bodyBytes(field: string[], method: string): string {
  const status = field[at.status];
  if (method === 'HEAD' || status === '304' || status === '204') return '0';
  // `{13}`, or `{}` when there was none.
  const announced = field[at.length]!.slice(1, -1);
  if (announced !== '') return /^\d{1,15}$/.test(announced) ? announced : '0';
  const head = Number(field[at.head]);
  return String(Math.max(Number(field[at.bytes]) - (Number.isFinite(head) ? head + startLineBytes : 0), 0));
}

/** What HAProxy counts for a start line, besides the headers. */
const startLineBytes = 20;
