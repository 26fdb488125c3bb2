// What was set of apps' processes.
import type { WrittenSettings } from '../domain/process-settings.ts';
import type { Database } from './database.ts';

export type ProcessSettingsRecords = ReturnType<typeof createProcessSettings>;

export function createProcessSettings(database: Database) {
  const ofApp = database.prepare<[string], { key: string; value: string }>(
    'SELECT key, value FROM process_settings WHERE app_id = ? ORDER BY key',
  );
  const insert = database.prepare('INSERT INTO process_settings (app_id, key, value) VALUES (?, ?, ?)');
  const removeAll = database.prepare('DELETE FROM process_settings WHERE app_id = ?');
  return {
    of: (appId: string): WrittenSettings =>
      Object.fromEntries(ofApp.all(appId).map(({ key, value }) => [key, value])),
    /** The caller's transaction holds both. */
    replace(appId: string, settings: WrittenSettings): void {
      removeAll.run(appId);
      for (const [key, value] of Object.entries(settings)) insert.run(appId, key, value);
    },
    removeAll: (appId: string): void => void removeAll.run(appId),
  };
}
