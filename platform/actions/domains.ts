// Custom domains: which app a name leads to.
import type { App } from '../domain/app.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import { type Domain, type HostName, parseHostName } from '../domain/host-name.ts';
import { ownNameTaken, platformNames, requireForeign } from '../domain/own-names.ts';
import type { User } from '../store/users.ts';
import { sees } from './access.ts';
import { builtInHost } from './apps.ts';
import type { Caller, Platform } from './context.ts';

/** More would make every change of a route slow. */
const mostPerApp = 1000;

/**
 * From its answer on the router sends the name's visitors to the app.
 * @throws PlatformError `invalid_params` for a name that is none, is taken, or is the platform's
 */
export async function addDomain(
  platform: Platform,
  app: App,
  { user }: Pick<Caller, 'user'>,
  wanted: string,
): Promise<Domain> {
  const { store, config } = platform;
  const hostName = parseHostName(wanted);
  requireForeign(hostName, config);
  const domain = store.transaction(() => {
    const taken = store.domains.byName(hostName);
    if (taken) throw inUse(platform, user, hostName, app, store.apps.byId(taken.appId));
    requireNobodys(platform, user, app, hostName);
    if (store.domains.ofApp(app.id).length >= mostPerApp)
      throw new PlatformError(
        'invalid_params',
        `${app.name} has ${mostPerApp} domains, which is as many as an app can have. A wildcard such as *.example.com stands for many.`,
      );
    return store.domains.add(app.id, hostName);
  });
  await platform.processes.changed(app.id);
  await platform.certificates.changed();
  return domain;
}

/** Names that apps had before the settings gave them to the platform, whose they are now: a sentence about each. */
export function ownNamesTaken({ store, config }: Pick<Platform, 'store' | 'config'>): string[] {
  const own = platformNames(config);
  return store.apps.list().flatMap((app) => {
    const builtIn = { name: builtInHost({ config }, app), builtIn: true };
    const custom = store.domains.ofApp(app.id).map(({ hostName }) => ({ name: hostName, builtIn: false }));
    return [builtIn, ...custom].flatMap((host) => ownNameTaken(app, host, own) ?? []);
  });
}

/** By name or id. From its answer on the router does not know the name any more. @throws PlatformError `not_found` */
export async function removeDomain(platform: Platform, app: App, nameOrId: string): Promise<Domain> {
  const domain = findDomain(platform, app, nameOrId);
  platform.store.domains.remove(domain.id);
  await platform.processes.changed(app.id);
  await platform.certificates.changed();
  return domain;
}

/** @throws PlatformError `not_found` */
export function findDomain(platform: Platform, app: App, nameOrId: string): Domain {
  const wanted = nameOrId.toLowerCase().replace(/\.$/, '');
  const found = platform.store.domains
    .ofApp(app.id)
    .find((one) => one.id === nameOrId || one.hostName === wanted || one.hostName === asciiOf(nameOrId));
  if (!found)
    throw notFound(
      'domain',
      `${app.name} has no domain "${nameOrId.slice(0, 80)}". "twelve domains" lists those it has.`,
    );
  return found;
}

function asciiOf(name: string): string | undefined {
  try {
    return parseHostName(name);
  } catch {
    return undefined;
  }
}

function inUse(
  platform: Platform,
  user: User,
  hostName: string,
  app: App,
  owner: App | undefined,
): PlatformError {
  if (owner?.id === app.id)
    return new PlatformError('invalid_params', `${hostName} is a domain of ${app.name} already.`);
  return new PlatformError(
    'invalid_params',
    owner && sees(platform, user, owner)
      ? `${hostName} is a domain of ${owner.name}. Remove it there first: twelve domains:remove ${hostName} -a ${owner.name}`
      : `${hostName} is a domain of another app, which you have no access to. Whoever runs it can remove it there.`,
  );
}

/**
 * The exact name goes before the wildcard over it, so whoever takes either takes visitors from the other.
 * @throws PlatformError `invalid_params` where that is an app that the user does not work on
 */
function requireNobodys(platform: Platform, user: User, app: App, hostName: HostName): void {
  const wildcard = hostName.startsWith('*.');
  const rival = platform.store.domains.under(hostName.slice(hostName.indexOf('.') + 1)).find((one) => {
    if (one.appId === app.id || one.hostName.startsWith('*.') === wildcard) return false;
    const owner = platform.store.apps.byId(one.appId);
    return owner !== undefined && !sees(platform, user, owner);
  });
  if (rival === undefined) return;
  throw new PlatformError(
    'invalid_params',
    wildcard
      ? `${hostName} would stand for a name that is a domain of another app, which you have no access to. Add the names under it that the app needs, one by one.`
      : `${hostName} is among ${rival.hostName}, a domain of another app, which you have no access to. Whoever runs it can let you in, or add the name for you.`,
  );
}
