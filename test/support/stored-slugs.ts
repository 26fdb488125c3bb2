// What a platform stores of its slugs, as its files and the engine show it: blobs and images that nothing names are orphans.
import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { slugImages } from './engine-socket.ts';
import type { TestPlatform } from './platform.ts';
import { releasesOf } from './truth.ts';

interface Document {
  config: { digest: string };
  layers: { digest: string }[];
}

const blobsOf = (platform: TestPlatform): string => join(platform.dataFolder, 'blobs', 'sha256');

/** What is young stays for an hour, whoever names it: now all of it is older than that. The server must not run. */
export function ageBlobs(platform: TestPlatform): void {
  const hoursAgo = new Date(Date.now() - 3 * 60 * 60 * 1000);
  for (const name of readdirSync(blobsOf(platform)))
    utimesSync(join(blobsOf(platform), name), hoursAgo, hoursAgo);
}

/**
 * In words: blobs and images that no release names that may be rolled back to, nor the stack, and blobs that one of these
 * needs and that are gone.
 */
export async function astray(platform: TestPlatform, apps: readonly string[]): Promise<string[]> {
  const documents = documentsIn(platform);
  const kept = [...(await keptManifests(platform, apps)), ...stackManifests(platform, documents)];
  const needed = new Set(
    kept.flatMap((digest) => {
      const found = documents.get(digest);
      return [digest, ...(found ? [found.config.digest, ...found.layers.map((one) => one.digest)] : [])];
    }),
  );
  const there = readdirSync(blobsOf(platform)).map((name) => `sha256:${name}`);
  const images = await slugImages(platform.instance);
  // The classic image store names one by its config, containerd's by its manifest.
  return [
    ...[...needed].filter((digest) => !there.includes(digest)).map((digest) => `lost blob ${digest}`),
    ...there.filter((digest) => !needed.has(digest)).map((digest) => `orphan blob ${digest}`),
    ...images.filter((id) => !needed.has(id)).map((id) => `orphan image ${id}`),
  ];
}

/** Of the slugs of releases that serve or that one may go back to, as the API says. */
async function keptManifests(platform: TestPlatform, apps: readonly string[]): Promise<string[]> {
  const releases = (await Promise.all(apps.map((app) => releasesOf(platform, app)))).flat();
  const slugs = releases
    .filter((one) => one.slug && (one.current || one.eligible_for_rollback))
    .map((one) => one.slug!.id);
  const database = new Database(join(platform.dataFolder, 'twelve.db'), { readonly: true });
  try {
    const manifest = database.prepare<[string], { manifest: string }>(
      'SELECT manifest FROM slugs WHERE id = ?',
    );
    return [...new Set(slugs)].map((id) => manifest.get(id)!.manifest);
  } finally {
    database.close();
  }
}

/** The blobs that are manifests. */
function documentsIn(platform: TestPlatform): Map<string, Document> {
  const found = new Map<string, Document>();
  for (const name of readdirSync(blobsOf(platform))) {
    const path = join(blobsOf(platform), name);
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000) continue;
    try {
      const document = JSON.parse(readFileSync(path, 'utf8')) as Partial<Document>;
      if (document.config && Array.isArray(document.layers))
        found.set(`sha256:${name}`, document as Document);
    } catch {
      // A layer.
    }
  }
  return found;
}

/** The stack's own: its layers and no more. */
function stackManifests(platform: TestPlatform, documents: ReadonlyMap<string, Document>): string[] {
  const folder = join(platform.dataFolder, 'blobs', 'stacks');
  const layers = readdirSync(folder).map((name) => {
    const { layers } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Pick<Document, 'layers'>;
    return layers.map(({ digest }) => digest).join();
  });
  return [...documents]
    .filter(([, document]) => layers.includes(document.layers.map(({ digest }) => digest).join()))
    .map(([digest]) => digest);
}
