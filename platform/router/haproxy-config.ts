// State → the text of HAProxy's configuration and map files. Pure.
import { createHash } from 'node:crypto';
import { addressText } from '../domain/listen-address.ts';
import { pageCodes } from '../domain/route.ts';
import { markHeader } from '../domain/router-mark.ts';
import { ciphers12, ciphers13 } from '../domain/tls.ts';
import { accessFormat, captured, captures, longestLine } from './access-log.ts';
import { certificateList } from './certificates.ts';
import { mapPath, type Picture, type ServerEntry, secure, serverOptions, socketAddress } from './table.ts';

export interface Timeouts {
  connectMs: number;
  /** Until the response begins (H12). */
  firstByteMs: number;
  /** Then, between any two bytes (H15). */
  idleMs: number;
}

export const herokuTimeouts: Timeouts = { connectMs: 5_000, firstByteMs: 30_000, idleMs: 55_000 };

export interface Listener {
  host: string;
  port: number;
}

export interface RouterSettings {
  http: Listener;
  /** For visitors over TLS; null: none. */
  https: Listener | null;
  /** Of the account that orders certificates: HAProxy answers an authority's questions by itself. null: it does not. */
  acmeThumbprint: string | null;
  /** What the page for names that no app has is marked with, so that one who asks knows which router answered; null: with nothing. */
  mark: string | null;
  timeouts: Timeouts;
  /** HAProxy takes as many connections as the files it may open allow, which is at most this; two for each. */
  openFiles: number;
  /** How long a worker that a reload replaced may live on for its open connections. */
  hardStopMs: number;
  /** Our uid is root's: workers then step down to a user of their own. */
  asRoot: boolean;
  /** Texts of the pages, by file name; they are part of what a reload is needed for. */
  pages: ReadonlyMap<string, string>;
}

const hashes = new WeakMap<RouterSettings, string>();

/** Everything but the servers and hosts: what only a reload can change. */
export function configIdentity(settings: RouterSettings, pool: number): string {
  const hash = hashes.get(settings) ?? hashOf(settings);
  hashes.set(settings, hash);
  return `twelve ${hash} ${pool}`;
}

function hashOf(settings: RouterSettings): string {
  const pages = [...settings.pages].map(([name, text]) => `${name}\n${text}`).join('\n');
  const text = `${head(settings, 'none')}${visitors(settings)}${pages}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The backends declared by a configuration, read back from its identity. */
export function poolOf(identity: string): number {
  return Number(/^twelve \S+ (\d+)$/.exec(identity)?.[1] ?? 0);
}

export function configText(settings: RouterSettings, pool: number, picture: Picture): string {
  const servers: string[] = [];
  for (const [path, server] of picture.servers) {
    const { slot, text } = lineOf(path, server);
    servers[slot] = (servers[slot] ?? '') + text;
  }
  let backends = '';
  for (let slot = 0; slot < pool; slot++) backends += `backend b${slot} from app\n${servers[slot] ?? ''}`;
  return `${head(settings, configIdentity(settings, pool))}${visitors(settings)}\n${backends}`;
}

/** A change is one app's: the lines of all others are those of before. */
const lines = new WeakMap<ServerEntry, { path: string; slot: number; text: string }>();

function lineOf(path: string, server: ServerEntry): { slot: number; text: string } {
  const known = lines.get(server);
  if (known?.path === path) return known;
  const slash = path.indexOf('/');
  const text = `  server ${path.slice(slash + 1)} ${socketAddress(server)} ${serverOptions}\n`;
  const line = { path, slot: Number(path.slice(1, slash)), text };
  lines.set(server, line);
  return line;
}

/** By what they are the text of: hosts seldom change. */
const mapTexts = new WeakMap<ReadonlyMap<string, string>, string>();

export function mapText(entries: ReadonlyMap<string, string>): string {
  const text = mapTexts.get(entries) ?? [...entries].map(([key, value]) => `${key} ${value}\n`).join('');
  mapTexts.set(entries, text);
  return text;
}

/**
 * What each thread of HAProxy keeps at hand of the memory that requests take. Its default of 512 kB is less than sixty
 * requests at once need, and costs each of them a microsecond and a half.
 */
const hotBytes = 4 * 1024 * 1024;

/** In a container's environment: how its command socket is called. Those of the first version have none. */
export const socketVariable = 'TWELVE_SOCKET';

/** Sockets that come with a reload keep their port: `noreuseport` makes a second router on it fail instead of sharing it. */
function head({ timeouts, openFiles, hardStopMs, asRoot, https }: RouterSettings, identity: string): string {
  return `# Written by Twelve at every change; edits are lost.
global
  description "${identity}"
  stats socket "/router/\${${socketVariable}-admin.sock}" mode 600 level admin expose-fd listeners
  fd-hard-limit ${openFiles}
  hard-stop-after ${hardStopMs}ms
  tune.http.logurilen ${longestLine}
  noreuseport
  tune.memory.hot-size ${hotBytes}
  profiling.tasks off
${asRoot ? '  user haproxy\n  group haproxy\n' : ''}${https ? modernTls : ''}
ring access
  format raw
  maxlen ${longestLine}
  size 16777216
  timeout connect 1s
  timeout server 10s
  server platform unix@/router/access.sock log-proto octet-count

defaults web
  mode http
  timeout connect ${timeouts.connectMs}ms
  timeout queue ${timeouts.connectMs}ms
  timeout client ${timeouts.idleMs}ms
  timeout server ${timeouts.firstByteMs}ms
  timeout tunnel ${timeouts.idleMs}ms
  timeout http-request 30s
  timeout http-keep-alive 90s
  timeout client-fin 30s
  option dontlognull
  option abortonclose
  option idle-close-on-response
  option redispatch 1
  retries 2
  retry-on conn-failure
  balance leastconn
  errorfile 502 /router/pages/h13.http
  errorfile 503 /router/pages/h21.http
  errorfile 504 /router/pages/h12.http

defaults app from web
  http-response set-timeout server ${timeouts.idleMs}ms
  http-response set-var(txn.head) res.hdrs,length if ! { capture.res.hdr(0) -m found }
  http-response del-header keep-alive
`;
}

/** Tickets would need keys that change. */
const modernTls = `  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
  ssl-default-bind-ciphers ${ciphers12.join(':')}
  ssl-default-bind-ciphersuites ${ciphers13.join(':')}
`;

/**
 * What every request passes. Each rule costs every request about a third of a microsecond: what is rare asks a captured
 * header first, which costs next to nothing, and pages are backends of their own instead of conditions.
 */
function front(protocol: 'http' | 'https', listener: Listener, first: string): string {
  const { port } = listener;
  const name = protocol === 'https' ? 'secure-visitors' : 'visitors';
  const tls = protocol === 'https' ? ` ssl crt-list ${certificateList} alpn h2,http/1.1` : '';
  const forwarded = 'req.fhdr(x-forwarded-for)';
  // A name may end with the root's dot, and may be one of many (`*.example.com`): both are looked at where nothing was found.
  const unknown = '{ var(txn.place) -m str :unknown }';
  const given = (name: keyof typeof captured): string => `{ capture.req.hdr(${captured[name]}) -m found }`;
  return `
frontend ${name} from web
${bindings(listener)
  .map((place) => `  bind ${place}${tls}\n`)
  .join('')}  log ring@access len ${longestLine} format raw local0
  log-format "${accessFormat(protocol)}"
  ${captures.join('\n  ')}
${first}  http-request set-var(txn.place) capture.req.hdr(${captured.host}),host_only,lower,map_str(${mapPath},:unknown)
  http-request set-var(txn.place) capture.req.hdr(${captured.host}),host_only,lower,regsub([.]$,),map_str(${mapPath},:unknown) if ${unknown}
  http-request set-var(txn.place) capture.req.hdr(${captured.host}),host_only,lower,regsub([.]$,),regsub(^[^.]+,*),map_str(${mapPath},:unknown) if ${unknown}
  http-request set-var(txn.id) uuid(4)
  http-request set-var(txn.id) req.fhdr(x-request-id) if ${given('id')} { req.fhdr(x-request-id) -m reg ^[A-Za-z0-9-]{20,200}$ }
  option forwardfor if-none
  http-request set-header X-Forwarded-For "%[${forwarded}], %[src]" if ${given('forwarded')} { req.fhdr_cnt(x-forwarded-for) eq 1 }
  http-request add-header X-Forwarded-For %[src] if ${given('forwarded')} { req.fhdr_cnt(x-forwarded-for) gt 1 }
  http-request set-header X-Forwarded-Proto ${protocol}
  http-request set-header X-Forwarded-Port ${port}
  http-request set-header X-Request-Start %[date(0,ms)]
  http-request set-header X-Request-ID %[var(txn.id)]
  http-request del-header Proxy
${protocol === 'https' ? arrived : ''}  use_backend %[var(txn.place),field(2,:)]
`;
}

/** Each protocol has its socket: one for both tells apps of IPv4 visitors as `::ffff:192.0.2.1`. */
function bindings({ host, port }: Listener): string[] {
  if (host !== '::') return [addressText({ host, port })];
  return [`0.0.0.0:${port}`, `[::]:${port} v6only`];
}

/** Who is over TLS already goes where the place leads without it. */
const arrived = `  http-request set-var(txn.place) var(txn.place),regsub(:${secure}:,:) if { var(txn.place) -m sub :${secure}: }\n`;

function visitors({ http, https, acmeThumbprint, mark }: RouterSettings): string {
  const secured = https ? front('https', https, '') : '';
  return `${front('http', http, acmeThumbprint ? challenge(acmeThumbprint) : '')}${secured}
backend unknown from web
  http-request set-log-level silent
  ${page(404, 'unknown')}${mark ? ` hdr ${markHeader} ${mark}` : ''}
${pages.map(([name, file]) => `backend ${name} from web\n  ${page(503, file)}\n`).join('')}${https ? toHttps(https) : ''}`;
}

/** The answer of HTTP-01 (RFC 8555, section 8.3) is its token and a hash of the account's key: it needs nobody but HAProxy. */
function challenge(thumbprint: string): string {
  return `  http-request return status 200 content-type application/octet-stream lf-string "%[path,field(-1,/)].${thumbprint}" if { path_beg /.well-known/acme-challenge/ } { path -m reg ^/[.]well-known/acme-challenge/[A-Za-z0-9_-]{1,200}$ }\n`;
}

/** The same method and body again, as 308 asks. */
function toHttps({ port }: Listener): string {
  const place = `https://%[req.hdr(host),host_only]${port === 443 ? '' : `:${port}`}%[pathq]`;
  return `backend ${secure} from web\n  http-request redirect location ${place} code 308\n`;
}

/** Where requests go that no process can take: state → file. */
const pages = Object.entries(pageCodes).map(([state, code]) => [state, code.toLowerCase()] as const);

function page(status: number, name: string): string {
  return `http-request return status ${status} content-type "text/html; charset=utf-8" file /router/pages/${name}.html hdr Cache-Control no-store`;
}
