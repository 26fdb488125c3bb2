// Domain → the shape of the Platform API v3.
import { acmeStatusOf } from '../../actions/acme-hosts.ts';
import { builtInHost } from '../../actions/apps.ts';
import type { Platform } from '../../actions/context.ts';
import type { App } from '../../domain/app.ts';
import type { Domain } from '../../domain/host-name.ts';
import { seconds, stableId } from './resources.ts';

export type DomainShape = ReturnType<typeof shapeOf>;

/** The name every app has. */
export function builtIn(platform: Platform, app: App) {
  const hostName = builtInHost(platform, app);
  return shapeOf(platform, app, {
    id: stableId(`domain:${app.id}`),
    hostName,
    kind: 'heroku',
    createdAt: app.createdAt,
  });
}

export function custom(platform: Platform, app: App, { id, hostName, createdAt }: Domain) {
  return shapeOf(platform, app, { id, hostName, kind: 'custom', createdAt });
}

function shapeOf(
  platform: Platform,
  app: App,
  one: { id: string; hostName: string; kind: 'heroku' | 'custom'; createdAt: string },
) {
  const acme = acmeStatusOf(platform, app.id, one.hostName);
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
}
