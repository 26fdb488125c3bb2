// The platform's own names: those that it is asked by, and that no app can take.
import type { App } from './app.ts';
import { covers } from './certificate.ts';
import { PlatformError } from './errors.ts';
import type { HostName } from './host-name.ts';
import type { Address } from './listen-address.ts';

export interface NameSettings {
  domain: string;
  publicUrl: string | null;
  apiNames: readonly string[];
  api: Address;
  apiTls: Address | null;
}

/** As they stand in `Host`, without the port; addresses are not among them. */
export function platformNames({ domain, publicUrl, apiNames, api, apiTls }: NameSettings): string[] {
  const publicHost = publicUrl === null ? [] : [new URL(publicUrl).hostname];
  const all = [domain, ...publicHost, ...apiNames, api.host, ...(apiTls ? [apiTls.host] : [])];
  return [...new Set(all.map(nameOf))].filter((name) => !/^[\d.]+$|:/.test(name));
}

/** `Host` without the port: `[::1]:5480` → `::1`, `Paas.example.com.` → `paas.example.com` */
export function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/^([^:]*|\[.*\]):\d+$/, '$1')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/** The one of the platform's names that a host of an app is, or stands for as a wildcard. */
export function ownNameIn(host: string, own: readonly string[]): string | undefined {
  return own.find((name) => covers([host], name));
}

/**
 * Names under the platform's own domain are those of its apps, and its other names are its own.
 * @throws PlatformError `invalid_params`
 */
export function requireForeign(hostName: HostName, settings: NameSettings): void {
  const own = settings.domain.toLowerCase();
  const name = hostName.replace(/^\*\./, '');
  if (name === own || name.endsWith(`.${own}`))
    throw new PlatformError(
      'invalid_params',
      `${hostName} is under ${own}, the platform's own domain, where each app has the name <app>.${own} already. Use a domain of yours, or rename the app.`,
    );
  const ours = ownNameIn(hostName, platformNames(settings));
  if (ours === undefined) return;
  throw new PlatformError(
    'invalid_params',
    ours === hostName
      ? `${hostName} is a name of the platform itself, by which its API and git are reached. Use another one for the app.`
      : `${hostName} would stand for ${ours} too, which is a name of the platform itself. Add the names under it that the app needs, one by one.`,
  );
}

/** @param host where an app of this name answers. @throws PlatformError `invalid_params` */
export function requireForeignApp(name: App['name'], host: string, settings: NameSettings): void {
  if (!platformNames(settings).includes(host)) return;
  throw new PlatformError(
    'invalid_params',
    `An app of the name "${name}" would answer at ${host}, which is a name of the platform itself. Choose another.`,
  );
}

/** Of a host that an app had before the settings named the platform so. @returns what to tell whoever runs the server */
export function ownNameTaken(
  app: Pick<App, 'name'>,
  host: { name: string; builtIn: boolean },
  own: readonly string[],
): string | null {
  const ours = ownNameIn(host.name, own);
  if (ours === undefined) return null;
  const why = `${ours} is a name of the platform itself, and leads to no app`;
  if (host.builtIn)
    return `${why}, not to ${app.name} either, whose name would be this. Rename the app: twelve apps:rename NEW-NAME -a ${app.name}`;
  if (ours === host.name)
    return `${why}, though it is a domain of ${app.name}. Remove it there: twelve domains:remove ${ours} -a ${app.name}`;
  return `${why}, though ${host.name}, a domain of ${app.name}, would stand for it. The other names under it lead to the app.`;
}
