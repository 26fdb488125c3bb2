// ps:set: how an app's processes change over, are checked and stopped.
import type { App } from '../domain/app.ts';
import { requireRoom } from '../domain/formation.ts';
import { changeSettings, type ListedSetting, listSettings } from '../domain/process-settings.ts';
import type { Caller, Platform } from './context.ts';
import { formationOf } from './formation.ts';
import { declaredBy, settingsFor } from './settings.ts';

/** All there are of an app's types, those at their default too. */
export function processSettingsOf(platform: Platform, app: App): ListedSetting[] {
  const types = formationOf(platform, app)
    .map((entry) => entry.type)
    .filter((type) => type !== 'release');
  return listSettings(platform.store.processSettings.of(app.id), types, declaredBy(platform, app));
}

/**
 * All or none. What runs goes on, and so does a rollout that has begun; the next change is made so.
 * @throws PlatformError `invalid_params` for a key or a value that there is not, or where overlapping ones would not fit
 */
export async function setProcessSettings(
  platform: Platform,
  app: App,
  caller: Caller,
  change: Readonly<Record<string, string>>,
): Promise<void> {
  const { store } = platform;
  store.transaction(() => {
    store.processSettings.replace(app.id, changeSettings(store.processSettings.of(app.id), change));
    if (Object.keys(change).some((key) => key.startsWith('rollout.')))
      requireRoom(
        formationOf(platform, app),
        (type) => settingsFor(platform, app).rollout(type) === 'overlap',
      );
  });
  const text = Object.entries(change).map(([key, value]) => `${key}=${value}`);
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Set ${text.join(' ')} by user ${caller.user.email}`,
  });
  await platform.processes.changed(app.id);
}
