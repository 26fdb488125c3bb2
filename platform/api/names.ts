// By what names this server may be asked, and from which pages: others' names that lead here (DNS rebinding) and others' pages are refused.
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { PlatformError } from '../domain/errors.ts';
import { type NameSettings as Names, nameOf, platformNames } from '../domain/own-names.ts';

type Asked = Pick<IncomingMessage, 'headers'>;

/** What the client asked by, with its port, where that is one of ours. */
export function ownHost({ headers: { host } }: Asked, names: Names): string | null {
  return host && isOwnName(nameOf(host), names) ? host : null;
}

/** @returns why the request is not answered; null: it is */
export function refusalOfNames(request: Asked, names: Names): PlatformError | null {
  const { host, origin } = request.headers;
  // Without one (HTTP/1.0) it comes from no browser.
  if (host !== undefined && ownHost(request, names) === null)
    return new PlatformError(
      'forbidden',
      `This server does not go by the name "${nameOf(host).slice(0, 80)}". If it is one of its names, add it to TWELVE_API_NAMES in the server's settings, and start it anew.`,
    );
  if (origin === undefined || isOwnOrigin(origin, host, names)) return null;
  return new PlatformError(
    'forbidden',
    `Pages of ${origin.slice(0, 80)} may not ask this server: a browser would do so for whoever looks at them. If the page is yours, and of no app here, add its name to TWELVE_API_NAMES in the server's settings, and start it anew.`,
  );
}

/**
 * Of the machine, of the platform, or configured. An address is safe as it is: a page can only be of that
 * address when this server has served it.
 */
function isOwnName(name: string, names: Names): boolean {
  return name === 'localhost' || isIP(name) !== 0 || platformNames(names).includes(name);
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
