// Domain → the shape of the Platform API v3.
import { acmeStatuses } from '../../actions/acme-hosts.ts';
import { builtInHost } from '../../actions/apps.ts';
import type { Platform } from '../../actions/context.ts';
import type { App } from '../../domain/app.ts';
import type { Domain } from '../../domain/host-name.ts';
import { seconds, stableId } from './resources.ts';

/** One that leads to an app, as far as it is known without asking how it stands. */
export interface Listed {
  id: string;
  hostName: string;
  kind: 'heroku' | 'custom';
  createdAt: string;
}

/** The name every app has. */
export function builtIn(platform: Platform, app: App): Listed {
  const hostName = builtInHost(platform, app);
  return { id: stableId(`domain:${app.id}`), hostName, kind: 'heroku', createdAt: app.createdAt };
}

export function custom({ id, hostName, createdAt }: Domain): Listed {
  return { id, hostName, kind: 'custom', createdAt };
}

/** Of an app's; for many of them it is called once. */
export function shapes(platform: Platform, app: App) {
  const statusOf = acmeStatuses(platform, app.id);
  return (one: Listed) => {
    const acme = statusOf(one.hostName);
    return {
      id: one.id,
      hostname: one.hostName,
      kind: one.kind,
      // Where the DNS should point: the app's own name leads to this server.
      cname: one.kind === 'custom' ? builtInHost(platform, app) : null,
      // Nothing is left to be done when the answer is sent.
      status: 'none',
      acm_status: acme?.status ?? null,
      acm_status_reason: acme?.reason ?? null,
      sni_endpoint: null,
      app: { id: app.id, name: app.name },
      created_at: seconds(one.createdAt),
      updated_at: seconds(one.createdAt),
    };
  };
}
