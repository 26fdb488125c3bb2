// By what names this server may be asked, and from which pages: others' names that lead here (DNS rebinding) and others' pages are refused.
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Config } from '../config.ts';
import { PlatformError } from '../domain/errors.ts';

type Names = Pick<Config, 'api' | 'apiTls' | 'domain' | 'publicUrl' | 'apiNames'>;

/** @returns why the request is not answered; null: it is */
export function refusalOfNames(
  request: Pick<IncomingMessage, 'headers'>,
  names: Names,
): PlatformError | null {
  const { host, origin } = request.headers;
  const name = host === undefined ? null : nameOf(host);
  // Without one (HTTP/1.0) it comes from no browser.
  if (name !== null && !isOwnName(name, names))
    return new PlatformError(
      'forbidden',
      `This server does not go by the name "${name.slice(0, 80)}". If it is one of its names, add it to TWELVE_API_NAMES in the server's settings, and start it anew.`,
    );
  if (origin === undefined || isOwnOrigin(origin, host, names)) return null;
  return new PlatformError(
    'forbidden',
    `Pages of ${origin.slice(0, 80)} may not ask this server: a browser would do so for whoever looks at them. If the page is yours, add its name to TWELVE_API_NAMES in the server's settings, and start it anew.`,
  );
}

/**
 * Of the machine, of the platform, or configured. An address is safe as it is: a page can only be of that
 * address when this server has served it.
 */
function isOwnName(name: string, { api, apiTls, domain, publicUrl, apiNames }: Names): boolean {
  if (name === 'localhost' || isIP(name) !== 0) return true;
  const own = [
    domain,
    api.host,
    apiTls?.host,
    ...(publicUrl ? [new URL(publicUrl).hostname] : []),
    ...apiNames,
  ];
  return own.includes(name);
}

/** A page that this server could have served; apps are at other names and ports. */
function isOwnOrigin(origin: string, host: string | undefined, { publicUrl, apiNames }: Names): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (!/^https?:$/.test(url.protocol)) return false;
  return (
    url.host === host?.toLowerCase() ||
    (publicUrl !== null && url.origin === new URL(publicUrl).origin) ||
    apiNames.includes(url.hostname)
  );
}

/** `[::1]:5480` → `::1` */
export function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
