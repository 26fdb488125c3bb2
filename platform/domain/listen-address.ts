// Where the server listens: an address and a port.
import { PlatformError } from './errors.ts';

export interface Address {
  host: string;
  port: number;
}

/** @throws PlatformError `bad_request` naming the setting */
export function address(name: string, text: string): Address {
  const match = /^(.*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  const host = (match?.[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  if (!match || port > 65_535 || !/^[0-9a-zA-Z.:-]+$/.test(host)) {
    throw new PlatformError(
      'bad_request',
      `${name} is "${text}"; it must be <address>:<port>, such as 127.0.0.1:5480.`,
    );
  }
  return { host, port };
}

/** As it stands in a URL and in the settings: `[::]:80` */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** @throws PlatformError `bad_request`: engines use plain HTTP nowhere else */
export function loopback(name: string, text: string): Address {
  const found = address(name, text);
  if (found.host.startsWith('127.')) return found;
  throw new PlatformError(
    'bad_request',
    `${name} is "${text}"; it must be a 127.x.x.x address: engines use plain HTTP only there.`,
  );
}

/** What is to be done, in place of the kernel's word for it. @param what listens: `The API` */
export function cannotListen(
  what: string,
  setting: string,
  place: Address,
  { code, message }: NodeJS.ErrnoException,
): PlatformError {
  const where = addressText(place);
  if (code === 'EADDRINUSE')
    return new PlatformError(
      'conflict',
      `${what} cannot listen on ${where}: another program uses that port. Stop it, or set ${setting} to another address.`,
    );
  if (code === 'EADDRNOTAVAIL')
    return new PlatformError(
      'bad_request',
      `${what} cannot listen on ${where}: this machine has no such address. Set ${setting} to one that it has.`,
    );
  if (code === 'EACCES')
    return new PlatformError('forbidden', `${what} may not listen on ${where}: ports below 1024 need root.`);
  return new PlatformError('service_unavailable', `${what} cannot listen on ${where}: ${message}.`);
}
