// What a user names to be fetched from or sent to: which URLs, and which addresses behind them, are not ours to touch.
import { PlatformError } from './errors.ts';

/** A host, and the only addresses a connection to it may go to. */
export interface PinnedHost {
  host: string;
  port: number;
  /** In the order to try them; at least one. */
  addresses: string[];
}

/** Looks a host up and checks where it leads. @throws PlatformError `invalid_params` saying why nothing goes there */
export type ResolveSafely = (url: URL, signal?: AbortSignal) => Promise<PinnedHost>;

/**
 * A file over https from checked addresses; where its server says that it is elsewhere, that is checked too.
 * @throws PlatformError `build_failed`, a sentence of why not; the signal's reason
 */
export type Download = (url: URL, limits: DownloadLimits) => Promise<AsyncIterable<Buffer>>;

export interface DownloadLimits {
  maxBytes: number;
  signal: AbortSignal;
}

/** An IPv4 address is its IPv4-mapped IPv6 one, so that there is one space to compare in. */
interface Range {
  base: bigint;
  /** Bits that count, of 128. */
  length: number;
}

const mapped = 0xffffn << 32n;

/** What no user may name, whoever they are: it leads to this machine, to its neighbours on the wire, or to nobody. */
const refused: readonly (readonly [range: string, what: string])[] = [
  ['168.63.129.16/32', 'a metadata address'],
  ['169.254.169.254/32', 'a metadata address'],
  ['100.100.100.200/32', 'a metadata address'],
  ['fd00:ec2::254/128', 'a metadata address'],
  ['fd20:ce::254/128', 'a metadata address'],
  ['0.0.0.0/8', 'an unspecified address'],
  ['127.0.0.0/8', 'a loopback address'],
  ['169.254.0.0/16', 'a link-local address'],
  ['192.0.0.0/24', 'a reserved address'],
  ['224.0.0.0/4', 'a multicast address'],
  ['255.255.255.255/32', 'the broadcast address'],
  ['240.0.0.0/4', 'a reserved address'],
  ['::/128', 'an unspecified address'],
  ['::1/128', 'a loopback address'],
  ['100::/64', 'a reserved address'],
  ['fe80::/10', 'a link-local address'],
  ['fec0::/10', 'a site-local address'],
  ['ff00::/8', 'a multicast address'],
  // Each carries an IPv4 address that a gateway, or the machine itself, would go to instead.
  ['::/96', 'an IPv4 address in IPv6 form'],
  ['::ffff:0:0:0/96', 'an IPv4 address in IPv6 form'],
  ['64:ff9b::/96', 'an IPv4 address in IPv6 form (NAT64)'],
  ['64:ff9b:1::/48', 'an IPv4 address in IPv6 form (NAT64)'],
  ['2002::/16', 'an IPv4 address in IPv6 form (6to4)'],
  ['2001::/32', 'an IPv4 address in IPv6 form (Teredo)'],
];

const refusedRanges = refused.map(([range, what]) => ({ range: parseRange(range), what }));

/**
 * Private addresses pass, since a company's git server has one; ours do not.
 * @param own addresses and ranges (`10.213.0.0/16`) of the platform itself
 * @param allowed those that pass whatever they are
 * @returns what is wrong with the address (`a loopback address`), null when it may be gone to
 */
export function refusalOf(
  address: string,
  own: readonly string[] = [],
  allowed: readonly string[] = [],
): string | null {
  const value = numberOf(address);
  if (value === null) return 'no IP address';
  if (allowed.some((range) => holds(parseRange(range), value))) return null;
  if (address.includes(':') && value >> 32n === 0xffffn) return 'an IPv4 address in IPv6 form';
  const known = refusedRanges.find(({ range }) => holds(range, value));
  if (known) return known.what;
  return own.some((range) => holds(parseRange(range), value)) ? "an address of the platform's own" : null;
}

const schemeAdvice = 'Only https:// is fetched from here.';

/**
 * The URL as everything after this check reads it: what one parser takes for a host, another one might not.
 * @throws PlatformError `invalid_params`, a sentence that shows no password
 */
export function fetchableUrl(text: string): URL {
  const refuse = (why: string): PlatformError => new PlatformError('invalid_params', why);
  const given = text.trim();
  if (/^\.{0,2}\//.test(given) || given === '.' || given === '..')
    throw refuse(`"${given}" is a path and not an https:// URL.`);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) {
    const scp = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)(\S+)$/.exec(given);
    if (scp) throw refuse(`It is reached over ssh. ${schemeAdvice} Try https://${scp[1]}/${scp[2]}`);
    throw refuse(`It has no https:// URL. ${schemeAdvice}`);
  }
  const url = URL.canParse(given) ? new URL(given) : null;
  if (!url) throw refuse(`Its URL cannot be read. ${schemeAdvice}`);
  if (url.protocol !== 'https:') throw refuse(wrongScheme(url));
  if (url.hostname === '') throw refuse('Its URL names no host.');
  url.hash = '';
  // A name and the same one with its final dot are one host.
  url.hostname = url.hostname.replace(/\.+$/, '') || url.hostname;
  return url;
}

function wrongScheme(url: URL): string {
  const scheme = url.protocol.slice(0, -1);
  const way =
    scheme === 'file' ? "It is a file of the server's own machine." : `It is reached over ${scheme}.`;
  const better = ['http', 'git', 'ssh', 'git+ssh'].includes(scheme) && url.hostname;
  return `${way} ${schemeAdvice}${better ? ` Try https://${url.hostname}${url.pathname}` : ''}`;
}

/** For people: without user name, password and query, any of which may hold a secret. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function holds({ base, length }: Range, value: bigint): boolean {
  const rest = BigInt(128 - length);
  return base >> rest === value >> rest;
}

function parseRange(text: string): Range {
  const [address = '', bits] = text.split('/', 2);
  const base = numberOf(address);
  if (base === null) throw new Error(`"${text}" is no address and no range`);
  const offset = address.includes(':') ? 0 : 96;
  return { base, length: bits === undefined ? 128 : offset + Number(bits) };
}

/** null when it is not an IP address as resolvers print them; unusual spellings are not guessed at. */
function numberOf(text: string): bigint | null {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (!bare.includes(':')) {
    const four = parseFour(bare);
    return four === null ? null : mapped | four;
  }
  return parseSix(bare);
}

function parseFour(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseSix(text: string): bigint | null {
  const four = /^(.*:)([\d.]+\.[\d.]+)$/.exec(text);
  if (four) {
    const last = parseFour(four[2]!);
    if (last === null) return null;
    return parseSix(`${four[1]}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Whether it is an address or a range of them, as `refusalOf` takes them. */
export function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  if (more.length > 0 || numberOf(address) === null) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (address.includes(':') ? 128 : 32));
}
