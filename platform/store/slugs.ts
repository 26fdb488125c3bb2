// Slugs: what was built, and whether its blobs are still kept.
import { randomUUID } from 'node:crypto';
import type { Digest, Slug } from '../domain/slug.ts';
import type { Database } from './database.ts';

export type SlugRecords = ReturnType<typeof createSlugRecords>;

interface Row {
  id: string;
  app_id: string;
  manifest: string;
  layers: string;
  process_types: string;
  declared: string;
  stack: string;
  stack_image: string;
  buildpacks: string;
  commit_id: string | null;
  commit_description: string | null;
  size: number;
  created_at: string;
  removed_at: string | null;
}

export function createSlugRecords(database: Database, now: () => string) {
  const select =
    'SELECT slugs.*, slug_removals.removed_at FROM slugs LEFT JOIN slug_removals ON slug_removals.slug_id = slugs.id';
  const byId = database.prepare<[string], Row>(`${select} WHERE slugs.id = ?`);
  return {
    insert(slug: Omit<Slug, 'id' | 'createdAt' | 'removedAt'>): Slug {
      const id = randomUUID();
      database
        .prepare(
          `INSERT INTO slugs (id, app_id, manifest, layers, process_types, declared, stack, stack_image, buildpacks, commit_id, commit_description, size, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          id,
          slug.appId,
          slug.manifest,
          JSON.stringify(slug.layers),
          JSON.stringify(slug.processTypes),
          JSON.stringify(slug.declared),
          slug.stack,
          slug.stackImage,
          JSON.stringify(slug.buildpacks),
          slug.commit,
          slug.commitDescription,
          slug.size,
          now(),
        );
      return toSlug(byId.get(id)!);
    },
    byId(id: string): Slug | undefined {
      const row = byId.get(id);
      return row && toSlug(row);
    },
    ofApp: (appId: string): Slug[] =>
      database
        .prepare<[string], Row>(`${select} WHERE slugs.app_id = ? ORDER BY slugs.created_at`)
        .all(appId)
        .map(toSlug),
    /** Every slug whose blobs are still kept, of all apps. */
    kept: (): Slug[] =>
      database.prepare<[], Row>(`${select} WHERE slug_removals.removed_at IS NULL`).all().map(toSlug),
    markRemoved(id: string): void {
      database
        .prepare('INSERT OR IGNORE INTO slug_removals (slug_id, removed_at) VALUES (?, ?)')
        .run(id, now());
    },
  };
}

function toSlug(row: Row): Slug {
  return {
    id: row.id,
    appId: row.app_id,
    manifest: row.manifest as Digest,
    layers: JSON.parse(row.layers) as Slug['layers'],
    processTypes: JSON.parse(row.process_types) as Slug['processTypes'],
    declared: JSON.parse(row.declared) as Slug['declared'],
    stack: row.stack,
    stackImage: row.stack_image,
    buildpacks: JSON.parse(row.buildpacks) as Slug['buildpacks'],
    commit: row.commit_id,
    commitDescription: row.commit_description,
    size: row.size,
    createdAt: row.created_at,
    removedAt: row.removed_at,
  };
}
