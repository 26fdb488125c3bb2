// Whether HAProxy will be able to listen: looked at before a container is made for it, and before one that serves has to go.
import { createServer, isIP, isIPv6 } from 'node:net';
import { PlatformError } from '../domain/errors.ts';
import { addressText } from '../domain/listen-address.ts';
import type { Listener } from './haproxy-config.ts';

export interface Listeners {
  http: Listener;
  https: Listener | null;
}

/** With the settings that name them. */
export function listenersOf({ http, https }: Listeners) {
  const named = { TWELVE_HTTP: http, ...(https ? { TWELVE_HTTPS: https } : {}) };
  return Object.entries(named).map(([setting, listener]) => ({
    setting,
    listener,
    address: `${listener.host}:${listener.port}`,
  }));
}

/**
 * HAProxy would say so too, but a container that ends and starts again for it helps nobody.
 * @param held addresses of our own container that serves, and is about to go; `unknown` where it does not tell them
 * @throws PlatformError `conflict` or `bad_request` that names the setting
 */
export async function requireFree(listeners: Listeners, held: readonly string[] | 'unknown'): Promise<void> {
  for (const { setting, listener } of listenersOf(listeners)) {
    const code = await whyNot(listener);
    if (code !== undefined && nowhere.test(code)) throw notOurs(listener, setting);
    if (code !== 'EADDRINUSE' || held === 'unknown') continue;
    if (!held.some((address) => overlap(address, listener))) throw taken(listener, setting);
  }
}

/** An address of another machine, one of IPv6 where that is switched off, a name that stands for none: HAProxy has no other. */
const nowhere = /^(EADDRNOTAVAIL|EAFNOSUPPORT|ENOTFOUND|EAI_\w+)$/;

/** What the kernel says; undefined where it lets us. Whatever else we may not do here, HAProxy perhaps may. */
async function whyNot({ host, port }: Listener): Promise<string | undefined> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}

/** Whether one who listens at the first address keeps another from the second. */
function overlap(address: string, { host, port }: Listener): boolean {
  const [, heldHost, heldPort] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (Number(heldPort) !== port) return false;
  const [one, other] = [inOneForm(heldHost ?? ''), inOneForm(host)];
  return one === other || [one, other].some((place) => everywhere.has(place) || isIP(place) === 0);
}

/** Every address; what a name stands for is not asked. */
const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** An address of IPv6 has many. */
function inOneForm(host: string): string {
  return isIPv6(host) ? new URL(`http://[${host}]/`).hostname.slice(1, -1) : host;
}

export function taken({ host, port }: Listener, setting: string): PlatformError {
  return new PlatformError(
    'conflict',
    `Port ${port} on ${host} is taken by another program, so the router cannot listen there. "ss -ltnp 'sport = :${port}'" shows which; stop it, or set ${setting} to another address.`,
  );
}

function notOurs(listener: Listener, setting: string): PlatformError {
  const { host, port } = listener;
  return new PlatformError(
    'bad_request',
    `This machine has no address ${host}, so the router cannot listen on ${addressText(listener)}. Set ${setting} to an address it has, or to 0.0.0.0:${port}.`,
  );
}
