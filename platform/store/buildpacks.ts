// The list of buildpacks that an app's user named.
import { type PinnedBuildpack, parseBuildpackReference, shownReference } from '../domain/buildpack.ts';
import type { Database } from './database.ts';
import type { Vault } from './secrets.ts';

export interface StoredBuildpack extends PinnedBuildpack {
  /** Without a login; unique in the list. */
  shown: string;
  updatedAt: string;
}

export type Buildpacks = ReturnType<typeof createBuildpacks>;

interface Row {
  position: number;
  reference: string;
  sealed: Buffer | null;
  pin: string | null;
  updated_at: string;
}

export function createBuildpacks(database: Database, vault: Vault, now: () => string) {
  const list = database.prepare<[string], Row>(
    'SELECT position, reference, sealed, pin, updated_at FROM app_buildpacks WHERE app_id = ? ORDER BY position',
  );
  const clear = database.prepare('DELETE FROM app_buildpacks WHERE app_id = ?');
  const insert = database.prepare(
    'INSERT INTO app_buildpacks (app_id, position, reference, sealed, pin, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const context = (appId: string): string => `buildpack of ${appId}`;
  return {
    /** In order; empty when the user named none. */
    of: (appId: string): StoredBuildpack[] =>
      list.all(appId).map(({ reference, sealed, pin, updated_at }) => ({
        reference: sealed ? vault.open(sealed, context(appId)) : reference,
        shown: reference,
        pin,
        updatedAt: updated_at,
      })),

    /** The whole list, replaced; call it within a transaction. */
    replace(appId: string, buildpacks: readonly PinnedBuildpack[]): void {
      const before = list.all(appId);
      const at = now();
      clear.run(appId);
      for (const [position, { reference, pin }] of buildpacks.entries()) {
        const shown = shownReference(parseBuildpackReference(reference));
        const same = before.find((one) => one.reference === shown && one.pin === pin);
        const sealed = shown === reference ? null : vault.seal(reference, context(appId));
        insert.run(appId, position, shown, sealed, pin, same?.updated_at ?? at);
      }
    },
  };
}
