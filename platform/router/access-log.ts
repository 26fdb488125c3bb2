// One line of HAProxy's log → Heroku's router line, and which of Heroku's codes fits how the request ended. Pure.
import { nowMicros } from '../domain/log-line.ts';

export interface AccessLine {
  appId: string;
  /** `at=info method=GET path="/" …`, without time and source. */
  text: string;
  /** Microseconds since the epoch: when the request ended. */
  time: number;
}

/**
 * Separated by tabs, which cannot be in any field: the host is one of ours, the id and `fwd` have passed a pattern, and
 * HAProxy refuses control characters in methods and paths. The path is last, so that a cut costs only its end.
 */
export const accessFormat = [
  '%[var(txn.app)]',
  '%[date(0,us)]',
  '%ts',
  '%[fs.debug_str(8)]',
  '%[var(txn.state)]',
  '%HM',
  '%[var(txn.host)]',
  '%[var(txn.id)]',
  '%[var(txn.fwd)]',
  '%s',
  '%TR',
  '%Tw',
  '%Tc',
  '%Ta',
  '%ST',
  '%B',
  '%[var(txn.length)]',
  '%[var(txn.head)]',
  '%HV',
  '%[var(txn.path)]',
].join('\\t');

const fieldCount = accessFormat.split('\\t').length;

interface Verdict {
  code: string;
  desc: string;
  /** Whose connection broke; Heroku says it for some. */
  sock?: 'client' | 'backend';
  /** What the visitor got or, for 499, did not wait for. */
  status: number;
}

const verdict = (code: string, desc: string, rest: Partial<Verdict> = {}): Verdict => ({
  code,
  desc,
  status: 503,
  ...rest,
});

const crashed = verdict('H10', 'App crashed');
const timeout = verdict('H12', 'Request timeout');
const noResponse = verdict('H13', 'Connection closed without response');
const noProcess = verdict('H14', 'No web processes running');
const idle = verdict('H15', 'Idle connection');
const badResponse = verdict('H17', 'Poorly formatted HTTP response');
const serverInterrupted = verdict('H18', 'Server Request Interrupted', { sock: 'backend' });
const connectTimeout = verdict('H19', 'Backend connection timeout');
const refused = verdict('H21', 'Backend connection refused');
const forcedClose = verdict('H24', 'Forced close');
const clientInterrupted = verdict('H27', 'Client Request Interrupted', { sock: 'client', status: 499 });
const clientIdle = verdict('H28', 'Client Connection Idle', { sock: 'client', status: 499 });
const maintenance = verdict('H80', 'Maintenance mode');
const platform = verdict('H99', 'Platform error');

/** HAProxy's two letters: who ended the session (capital: closed it, small: by timeout), and in which phase. */
const byEnd: Readonly<Record<string, Verdict>> = {
  sH: timeout,
  SH: noResponse,
  PH: badResponse,
  sD: idle,
  SD: serverInterrupted,
  PD: serverInterrupted,
  sC: connectTimeout,
  SC: refused,
  sQ: noProcess,
  SQ: noProcess,
};

const byState: Readonly<Record<string, Verdict>> = { maintenance, crashed, none: noProcess };

/** Undefined for lines that are no request of an app. */
export function accessLine(raw: string): AccessLine | undefined {
  const fields = split(raw);
  if (!fields) return undefined;
  const [app, time, end, connection, state, method, host, id, fwd, server] = fields as string[];
  if (app === '-' || app === '') return undefined;
  const [TR, Tw, Tc, Ta] = fields.slice(10, 14).map(Number) as [number, number, number, number];
  const [status, bytes, , , version, path] = fields.slice(14) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const known = server !== '<NOSRV>';
  const found = judge(end!, state!, known, status, version, connection!);
  const safePath = path.includes('"') ? path.replaceAll('"', '%22') : path;
  const where = `method=${method} path="${safePath}" host=${host} request_id=${id} fwd="${fwd}"`;
  const dyno = known ? server!.slice(0, server!.indexOf(':')) : '';
  const request = `${where} dyno=${dyno}`;
  const appId = app!;
  const text = found
    ? `${lead(found)} ${request} ${failure(found, Tc, Ta - TR - Math.max(Tw, 0) - Math.max(Tc, 0), known, end!, bytes)} protocol=http`
    : `at=info ${request} connect=${Tc}ms service=${Ta - TR - Tw - Tc}ms status=${status} bytes=${bodyBytes(fields, method!, status, bytes)} protocol=http`;
  return { appId, text, time: Number(time) || nowMicros() };
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

function judge(
  end: string,
  state: string,
  known: boolean,
  status: string,
  version: string,
  connection: string,
): Verdict | undefined {
  if (end === '--') return undefined;
  if (end.startsWith('L')) return byState[state] ?? platform;
  // An upgraded connection that was silent too long may be ended on either side's account.
  if (status === '101' && (end === 'cD' || end === 'sD')) return idle;
  if (end === 'CD' && version !== 'HTTP/2.0' && clientStayed(connection)) return idle;
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

function lead({ code, desc, sock }: Verdict): string {
  const level = sock === 'client' ? 'warning' : 'error';
  return `${sock ? `sock=${sock} ` : ''}at=${level} code=${code} desc="${desc}"`;
}

/** Heroku leaves empty what did not happen: no process, no connection, no service. */
function failure(
  found: Verdict,
  connect: number,
  service: number,
  known: boolean,
  end: string,
  bytes: string,
): string {
  if (!known) return `connect= service= status=${found.status} bytes=`;
  if (connect < 0) return `connect= service= status=${found.status} bytes=`;
  // Before the response began, whatever was sent is our own page.
  const sent = end.endsWith('D') ? bytes : '0';
  return `connect=${connect}ms service=${Math.max(service, 0)}ms status=${found.status} bytes=${sent}`;
}

/** HAProxy counts headers too; the body is what the app announced, or what is left without start line and headers. */
function bodyBytes(fields: string[], method: string, status: string, bytes: string): string {
  if (method === 'HEAD' || status === '304' || status === '204') return '0';
  const length = fields[16]!;
  if (length !== '-' && length !== '') return /^\d{1,15}$/.test(length) ? length : '0';
  const head = Number(fields[17]);
  return String(Math.max(Number(bytes) - (Number.isFinite(head) ? head + startLineBytes : 0), 0));
}

/** What HAProxy counts for a start line, besides the headers. */
const startLineBytes = 20;
