// How the certificates that are ordered stand, the platform's own names and all apps' together: for whoever runs the server.
import { setImmediate as pause } from 'node:timers/promises';
import { type AcmeKnown, everyHost, standings } from './acme-hosts.ts';

export interface CertificateOrders {
  /** That certificates are ordered for. */
  hosts: number;
  /** Those of them that get none for now, also where the certificate of before is still good. */
  failing: number;
  /** app null: it is the platform's own. */
  first: { app: string | null; host: string; reason: string } | null;
}

/** Others are served meanwhile. */
const atOnce = 20;

/** Null where none are ordered. */
export async function certificateOrders(platform: AcmeKnown): Promise<CertificateOrders | null> {
  if (!platform.config.acme) return null;
  const found: CertificateOrders = { hosts: 0, failing: 0, first: null };
  // Of one owner the hosts stand together, and what is asked for each of them is read once.
  let owner: { appId: string | null; standingOf: ReturnType<typeof standings> } | undefined;
  for (const [index, { host, appId }] of everyHost(platform).entries()) {
    if (index % atOnce === atOnce - 1) await pause();
    if (!owner || owner.appId !== appId) owner = { appId, standingOf: standings(platform, appId) };
    const { status, reason } = owner.standingOf(host);
    if (status === null || status === 'failed') continue;
    found.hosts += 1;
    // Where all is well, or has not been tried, there is none.
    if (reason === null) continue;
    found.failing += 1;
    found.first ??= { app: nameOf(platform, appId), host, reason };
  }
  return found;
}

function nameOf({ store }: AcmeKnown, appId: string | null): string | null {
  return appId === null ? null : (store.apps.byId(appId)?.name ?? null);
}
