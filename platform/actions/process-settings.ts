// ps:set: how an app's processes change over, are checked and stopped.
import type { App } from '../domain/app.ts';
import { changeSettings, listSettings } from '../domain/process-settings.ts';
import type { Caller, Platform } from './context.ts';
import { formationOf } from './formation.ts';

/** All there are of an app's types, those at their default too. */
export function processSettingsOf(platform: Platform, app: App): ReturnType<typeof listSettings> {
  const types = formationOf(platform, app)
    .map((entry) => entry.type)
    .filter((type) => type !== 'release');
  return listSettings(platform.store.processSettings.of(app.id), types);
}

/**
 * All or none. What runs goes on; from now on the next change is made so.
 * @throws PlatformError `invalid_params` for a key or a value that there is not
 */
export async function setProcessSettings(
  platform: Platform,
  app: App,
  caller: Caller,
  change: Readonly<Record<string, string>>,
): Promise<void> {
  const { store } = platform;
  store.transaction(() =>
    store.processSettings.replace(app.id, changeSettings(store.processSettings.of(app.id), change)),
  );
  const text = Object.entries(change).map(([key, value]) => `${key}=${value}`);
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Set ${text.join(' ')} by user ${caller.user.email}`,
  });
  await platform.processes.changed(app.id);
}
