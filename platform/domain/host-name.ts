// Custom domains: what a host name may be.
import { PlatformError } from './errors.ts';

/** Lower case, in the ASCII form that browsers send (`xn--…`): `www.example.com` or `*.example.com`. */
export type HostName = string & { readonly __brand: 'HostName' };

export interface Domain {
  id: string;
  appId: string;
  hostName: HostName;
  createdAt: string;
}

/** A name of this machine or platform, of one part or more. */
export function isName(text: string): boolean {
  return /^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(text);
}

/** A label of a host name (RFC 1123, section 2.1), with the underscore that some DNS names have. */
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * `www.example.com`, `*.example.com` (one more label, as in a certificate), `bücher.example`; a dot at the end is let go.
 * @throws PlatformError `invalid_params` that says what is wrong with it
 */
export function parseHostName(text: string): HostName {
  const refuse = (why: string): never => {
    throw new PlatformError('invalid_params', `"${text.slice(0, 80)}" is not a domain: ${why}`);
  };
  const given = text.trim().replace(/\.$/, '');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) refuse('give the name alone, such as www.example.com.');
  if (/[/?#@:\s]/.test(given)) refuse('give the name alone, without port or path, such as www.example.com.');
  const wild = given.startsWith('*.');
  const rest = wild ? given.slice(2) : given;
  if (rest.includes('*')) refuse('a wildcard stands for the first part only, as in *.example.com.');
  const ascii = asciiForm(rest);
  const labels = ascii.split('.');
  if (ascii === '' || !labels.every((one) => label.test(one)) || ascii.length > 251)
    refuse('it has parts of letters, digits and dashes with dots between them, such as www.example.com.');
  if (/^[\d.]+$/.test(ascii) || labels.at(-1)!.match(/^\d+$/))
    refuse('an address is no name. Point a name at it in the DNS, and add that.');
  if (labels.length < 2) refuse('it has at least two parts, such as example.com.');
  return `${wild ? '*.' : ''}${ascii}` as HostName;
}

/** As browsers send it; nothing when it cannot be in a URL. */
function asciiForm(name: string): string {
  try {
    return new URL(`http://${name}/`).hostname;
  } catch {
    return '';
  }
}
