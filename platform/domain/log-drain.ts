// A log drain: an address outside to which an app's log stream is sent; which addresses there are, and how one is shown.
import { PlatformError } from './errors.ts';

export interface LogDrain {
  id: string;
  appId: string;
  /** As it was given, secrets too: shown nowhere. */
  url: string;
  /** Names the sender to the receiver: `d.<uuid>`. */
  token: string;
  /** Takes a certificate that cannot be verified. */
  insecure: boolean;
  createdAt: string;
}

/** How one stands, counted in lines. */
export interface DrainStatus {
  id: string;
  /** Kept and not delivered yet. */
  lag: number;
  delivered: number;
  /** Dropped for the log's budget before they could be delivered. */
  lost: number;
  /** Why the last attempt failed; null while all is well. */
  failure: string | null;
}

export type DrainKind = 'syslog' | 'syslog+tls' | 'https' | 'gelf+tcp' | 'gelf+udp' | 'splunk+https';

export interface DrainAddress {
  kind: DrainKind;
  /** With https as its scheme, so that host names are read as everywhere else. The port is not in it but beside it. */
  url: URL;
  port: number;
  /** The one that stands in it. */
  givenPort: number | null;
  user: string;
  password: string;
}

const usualPorts: Readonly<Record<DrainKind, number>> = {
  syslog: 514,
  'syslog+tls': 6514,
  https: 443,
  'gelf+tcp': 12201,
  'gelf+udp': 12201,
  'splunk+https': 8088,
};

/** What a query may say; of https it belongs to the receiver. */
const knownQuery: Readonly<Record<Exclude<DrainKind, 'https'>, readonly string[]>> = {
  syslog: [],
  'syslog+tls': [],
  'gelf+tcp': ['host'],
  'gelf+udp': ['host'],
  'splunk+https': ['host', 'index', 'source', 'sourcetype'],
};

const longest = 2000;

/** @throws PlatformError `invalid_params`, a sentence that shows no secret */
export function parseDrainUrl(text: string): DrainAddress {
  const given = text.trim();
  if (given.length > longest) throw refuse(`A drain's URL may have ${longest} characters.`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(given)?.[1]?.toLowerCase() ?? '';
  if (!Object.hasOwn(usualPorts, scheme)) throw refuse(schemeAdvice(scheme));
  const kind = scheme as DrainKind;
  const rest = given.slice(scheme.length);
  // Only for other schemes does the parser leave the port of https as it was written.
  if (!URL.canParse(`https${rest}`) || !URL.canParse(`other${rest}`))
    throw refuse("The drain's URL cannot be read.");
  const url = new URL(`https${rest}`);
  const givenPort = Number(new URL(`other${rest}`).port) || null;
  const [user, password] = [decoded(url.username), decoded(url.password)];
  url.username = url.password = url.port = url.hash = '';
  url.hostname = url.hostname.replace(/\.+$/, '') || url.hostname;
  const address = { kind, url, port: givenPort ?? usualPorts[kind], givenPort, user, password };
  requireFit(address);
  return address;
}

function requireFit({ kind, url, user, password }: DrainAddress): void {
  if (kind === 'https') return;
  const unknown = [...url.searchParams.keys()].find((name) => !knownQuery[kind].includes(name));
  if (unknown !== undefined) {
    const known = knownQuery[kind].map((name) => `"${name}"`).join(', ');
    const may = known === '' ? 'has a host and a port and nothing more' : `may have ${known} in its query`;
    throw refuse(`"${unknown.slice(0, 40)}" means nothing here: a ${kind}:// drain ${may}.`);
  }
  if (kind === 'splunk+https') {
    if (!password && !user)
      throw refuse('The token of the collector goes before the host: splunk+https://<token>@<host>:8088');
    return;
  }
  if (user || password) throw refuse(`A ${kind}:// drain has no login: its protocol knows none.`);
  if (url.pathname !== '/') throw refuse(`A ${kind}:// drain has a host and a port and no path.`);
}

function schemeAdvice(scheme: string): string {
  const all = Object.keys(usualPorts).map((one) => `${one}://`);
  const what = scheme === '' ? 'It has no scheme.' : `Nothing is sent over ${scheme.slice(0, 40)}://.`;
  const better =
    scheme === 'http' ? ' Without encryption everybody on the way could read the log: try https://.' : '';
  return `${what}${better} A drain's URL begins with ${all.slice(0, -1).join(', ')} or ${all.at(-1)}.`;
}

/** Over TLS, so with a certificate. */
export function isEncrypted(kind: DrainKind): boolean {
  return kind === 'https' || kind === 'syslog+tls' || kind === 'splunk+https';
}

/** For people: without login, values of a query, and parts of a path that look like a key. */
export function shownDrainUrl(text: string): string {
  const { kind, url, givenPort, user, password } = parseDrainUrl(text);
  const login = user || password ? '***@' : '';
  const path = url.pathname === '/' ? '' : url.pathname.split('/').map(maskedPart).join('/');
  const query = [...url.searchParams].map(([name, value]) =>
    kind === 'https' ? maskedQuery(name, value) : `${name}=${encodeURIComponent(value)}`,
  );
  const port = givenPort ? `:${givenPort}` : '';
  return `${kind}://${login}${url.hostname}${port}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

/** Where there is only one word it may be the key itself. */
function maskedQuery(name: string, value: string): string {
  return value === '' ? '***' : `${encodeURIComponent(name)}=***`;
}

/** Some receivers want their key in the path: what is not plainly a word (`in`, `raw-logs`, `v1`) may be one. */
function maskedPart(part: string): string {
  return /^(v\d{1,3}|[A-Za-z]?[a-z]{0,15}([._-][a-z]{1,15}){0,3})$/.test(part) ? part : '***';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refuse(sentence: string): PlatformError {
  return new PlatformError('invalid_params', sentence);
}
