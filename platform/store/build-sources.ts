// What builds are made of whose source a client gave: kept, so that a build that a killed server left can begin again.
import type { Database } from './database.ts';
import type { Vault } from './secrets.ts';

export interface BuildSource {
  buildId: string;
  /** Where the archive is fetched from; null: it was sent to us, or the build has ended. */
  url: string | null;
  /** For people: without what may be secret. */
  shownUrl: string;
  /** `SHA256:<hex>`, as the client gave it. */
  checksum: string | null;
  description: string | null;
  /** How many times the build was begun. */
  starts: number;
}

interface Row {
  build_id: string;
  sealed_url: Buffer | null;
  shown_url: string;
  checksum: string | null;
  description: string | null;
  starts: number;
}

export type BuildSources = ReturnType<typeof createBuildSources>;

export function createBuildSources(database: Database, vault: Vault) {
  const byBuild = database.prepare<[string], Row>('SELECT * FROM build_sources WHERE build_id = ?');
  const toSource = (row: Row): BuildSource => ({
    buildId: row.build_id,
    url: row.sealed_url && vault.open(row.sealed_url, row.build_id),
    shownUrl: row.shown_url,
    checksum: row.checksum,
    description: row.description,
    starts: row.starts,
  });
  return {
    insert(source: Omit<BuildSource, 'starts'>): void {
      database
        .prepare(
          'INSERT INTO build_sources (build_id, sealed_url, shown_url, checksum, description, starts) VALUES (?, ?, ?, ?, ?, 1)',
        )
        .run(
          source.buildId,
          source.url === null ? null : vault.seal(source.url, source.buildId),
          source.shownUrl,
          source.checksum,
          source.description,
        );
    },
    of(buildId: string): BuildSource | undefined {
      const row = byBuild.get(buildId);
      return row && toSource(row);
    },
    /** Nothing will be fetched any more, and what is secret in an address is not kept for nothing. */
    eraseUrl(buildId: string): void {
      database.prepare('UPDATE build_sources SET sealed_url = NULL WHERE build_id = ?').run(buildId);
    },
    /** Of all builds of an app. */
    eraseUrls(appId: string): void {
      database
        .prepare(
          'UPDATE build_sources SET sealed_url = NULL WHERE build_id IN (SELECT id FROM builds WHERE app_id = ?)',
        )
        .run(appId);
    },
    startedAgain(buildId: string): void {
      database.prepare('UPDATE build_sources SET starts = starts + 1 WHERE build_id = ?').run(buildId);
    },
  };
}
