// Log drain → the shape of the Platform API v3, with how it stands.
import type { DrainAndStatus } from '../../actions/log-drains.ts';
import type { App } from '../../domain/app.ts';
import { shownDrainUrl } from '../../domain/log-drain.ts';
import { seconds } from './resources.ts';

export function logDrain(app: App, { drain, status }: DrainAndStatus) {
  return {
    id: drain.id,
    // Many a URL holds a key, which is shown to nobody.
    url: shownDrainUrl(drain.url),
    token: drain.token,
    addon: null,
    app: { id: app.id, name: app.name },
    created_at: seconds(drain.createdAt),
    updated_at: seconds(drain.createdAt),
    insecure: drain.insecure,
    lag: status?.lag ?? null,
    delivered: status?.delivered ?? null,
    lost: status?.lost ?? null,
    failure: status?.failure ?? null,
  };
}
