// Certificates that somebody added, that names are served with, and that end soon or have ended: nobody renews these by itself.
import { chooserOf } from '../domain/certificate.ts';
import { hostsOf } from './apps.ts';
import { ownHosts } from './certificates.ts';
import type { Platform } from './context.ts';

export interface EndingCertificate {
  /** null: it is the server's. */
  app: string | null;
  /** As its owner names it. */
  name: string;
  notAfter: string;
  /** The first of the names that are served with it. */
  host: string;
}

/** Time enough to order one elsewhere. */
const soonMs = 14 * 86_400_000;

/** Those that end first come first. */
export function certificatesEnding(
  platform: Pick<Platform, 'store' | 'config'>,
  now = new Date(),
): EndingCertificate[] {
  const { store, config } = platform;
  // Nobody is shown any.
  if (!config.https && !config.apiTls) return [];
  const known = store.certificates.all();
  const ending = new Set(
    known.filter(
      ({ source, notAfter }) => source === 'added' && Date.parse(notAfter) - now.getTime() < soonMs,
    ),
  );
  if (ending.size === 0) return [];
  const choose = chooserOf(known);
  const apps = store.apps.list();
  const found = new Map<string, EndingCertificate>();
  const look = (host: string, appId: string | null): void => {
    const one = choose(host, appId, now);
    if (!one || !ending.has(one) || found.has(one.id)) return;
    const owner = apps.find(({ id }) => id === one.appId)?.name ?? null;
    found.set(one.id, { app: owner, name: one.name, notAfter: one.notAfter, host });
  };
  // Over plain HTTP visitors of apps are shown none.
  if (config.https) for (const app of apps) for (const host of hostsOf(platform, app)) look(host, app.id);
  for (const host of ownHosts(config)) look(host, null);
  return [...found.values()].sort((a, b) => Date.parse(a.notAfter) - Date.parse(b.notAfter));
}
