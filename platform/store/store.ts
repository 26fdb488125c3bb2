// The store: one SQLite file and the repositories over it.
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createAcmeFailures } from './acme-failures.ts';
import { createApps } from './apps.ts';
import { createAudit } from './audit.ts';
import { createBuildSources } from './build-sources.ts';
import { createBuildpacks } from './buildpacks.ts';
import { createBuilds } from './builds.ts';
import { createCertificates, createOwnKeys } from './certificates.ts';
import { createCollaborators } from './collaborators.ts';
import { createCronRecords } from './cron.ts';
import { requireOurFiles } from './data-folder.ts';
import { openDatabase } from './database.ts';
import { createDomains } from './domains.ts';
import { clear, clearly } from './failures.ts';
import { createFormations } from './formation.ts';
import { createLogDrains } from './log-drains.ts';
import { createProcessChanges } from './process-changes.ts';
import { createProcessHealth } from './process-health.ts';
import { createProcessSetbacks } from './process-setbacks.ts';
import { createProcessSettings } from './process-settings.ts';
import { createReleases } from './releases.ts';
import { requireRestored } from './restoring.ts';
import { openVault } from './secrets.ts';
import { createSlugRecords } from './slugs.ts';
import { takeSnapshot } from './snapshot.ts';
import { createTokens } from './tokens.ts';
import { createUsers } from './users.ts';

export type Store = ReturnType<typeof openStore>;

/**
 * Opens the store of a data folder, making it, and bringing it up to date, when `create`.
 * @param needs.now the clock, ISO 8601 in UTC
 */
export function openStore(needs: { folder: string; create?: boolean; now?: () => string }) {
  const now = needs.now ?? (() => new Date().toISOString());
  requireOurFiles(needs.folder);
  const file = join(needs.folder, 'twelve.db');
  requireRestored(needs.folder);
  const create = needs.create ?? false;
  // A new key beside an old database would open nothing of it, and seal what is new so that the old one opens that no more.
  const vault = openVault(join(needs.folder, 'secret.key'), create && !existsSync(file));
  const database = clearly(() => openDatabase(file, create));
  chmodSync(file, 0o600);
  return {
    users: clear(createUsers(database, now)),
    tokens: clear(createTokens(database, now)),
    collaborators: clear(createCollaborators(database, now)),
    audit: clear(createAudit(database, now)),
    apps: clear(createApps(database, now)),
    domains: clear(createDomains(database, now)),
    certificates: clear(createCertificates(database, vault, now)),
    acmeFailures: clear(createAcmeFailures(database)),
    ownKeys: clear(createOwnKeys(database, vault)),
    logDrains: clear(createLogDrains(database, vault, now)),
    slugs: clear(createSlugRecords(database, now)),
    releases: clear(createReleases(database, vault, now)),
    builds: clear(createBuilds(database, now)),
    buildSources: clear(createBuildSources(database, vault)),
    buildpacks: clear(createBuildpacks(database, vault, now)),
    cron: clear(createCronRecords(database, now)),
    formations: clear(createFormations(database, now)),
    processHealth: clear(createProcessHealth(database)),
    processChanges: clear(createProcessChanges(database, now)),
    processSetbacks: clear(createProcessSetbacks(database)),
    processSettings: clear(createProcessSettings(database)),
    /** The database of this moment as a file. */
    snapshot: (to: string) => takeSnapshot(database, vault, to),
    /** Signature that makes a URL a capability. */
    sign: vault.sign,
    /** Runs `change` as one transaction; it cannot wait inside (better-sqlite3 turns promises away). */
    transaction: <T>(change: () => T): T => clearly(() => database.transaction(change).immediate()),
    close: (): void => {
      database.close();
    },
  };
}
