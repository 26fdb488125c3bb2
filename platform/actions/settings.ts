// What counts of an app's process settings: what was set, and what its app.json says.
import type { App } from '../domain/app.ts';
import { type ProcessSettings, settingsOf, type WrittenSettings } from '../domain/process-settings.ts';
import type { Platform } from './context.ts';

/** What counts for the app's next change. */
export function settingsFor(platform: Pick<Platform, 'store'>, app: App): ProcessSettings {
  return settingsOf(platform.store.processSettings.of(app.id), declaredBy(platform, app));
}

/** By app.json, in the newest code. */
export function declaredBy({ store }: Pick<Platform, 'store'>, app: App): WrittenSettings {
  const base = store.releases.base(app.id);
  return (base?.slugId ? store.slugs.byId(base.slugId)?.declared.settings : undefined) ?? {};
}
