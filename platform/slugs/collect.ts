// Garbage collection by reference: what no kept slug names goes, from the blob store and from the engine.
import { hasCode, messageOf } from '../domain/errors.ts';
import type { Digest } from '../domain/slug.ts';
import type { Engine, ImageInfo } from '../engine/engine.ts';
import { imagesInUse } from '../engine/images-in-use.ts';
import { label } from '../engine/labels.ts';
import { type BlobFacts, type Blobs, nullWhenMissing } from './blobs.ts';
import { blobsOf, type Manifest, maxManifestBytes, readManifest } from './image.ts';

export interface Collected {
  blobs: number;
  bytes: number;
  images: ImageInfo[];
}

interface CollectNeeds {
  engine: Engine;
  blobs: Blobs;
  instance: string;
  /** Manifests that stay. */
  keep: readonly Digest[];
  /** Milliseconds; blobs touched at or after this stay: a slug exists before any release names it. */
  before: number;
  /** Only says what would go. */
  dry?: boolean;
  onProblem(message: string): void;
}

export async function collect(needs: CollectNeeds): Promise<Collected> {
  const { blobs, before } = needs;
  // Listed before the blobs: what is packed and pulled meanwhile is not in this list, and its manifest is young.
  const images = await needs.engine.images({ [label.slug]: needs.instance });
  const found = await blobs.list();
  const young = found.filter((blob) => blob.touchedAt >= before && blob.size <= maxManifestBytes);
  const kept = await manifestsAt(blobs, [...needs.keep, ...young.map((blob) => blob.digest)]);
  const reachable = namedBy(kept);
  const result: Collected = { blobs: 0, bytes: 0, images: [] };
  const goes = (blob: BlobFacts): boolean =>
    needs.dry ? blob.touchedAt < before : blobs.removeOlder(blob.digest, before);
  for (const blob of found) {
    if (reachable.has(blob.digest) || !goes(blob)) continue;
    result.blobs += 1;
    result.bytes += blob.size;
  }
  const ids = new Set([...kept].flatMap(([digest, manifest]) => idsOf(digest, manifest)));
  const used = await imagesInUse(needs.engine);
  for (const image of images) {
    if (ids.has(image.id) || used.has(image.id)) continue;
    if (!needs.dry && !(await removeNames(needs, image))) continue;
    result.images.push(image);
  }
  return result;
}

/** What all blobs take on the disk that none of these manifests names: those that a collection removes, or will when they are older. */
export async function leftovers(blobs: Blobs, keep: readonly Digest[]): Promise<number> {
  const found = await blobs.list();
  const named = namedBy(await manifestsAt(blobs, keep));
  return found.reduce((sum, { digest, onDisk }) => sum + (named.has(digest) ? 0 : onDisk), 0);
}

/** Of those of them that are there. */
async function manifestsAt(blobs: Blobs, digests: readonly Digest[]): Promise<Map<Digest, Manifest>> {
  const found = new Map<Digest, Manifest>();
  for (const digest of digests) {
    const manifest = await manifestAt(blobs, digest);
    if (manifest) found.set(digest, manifest);
  }
  return found;
}

function namedBy(manifests: ReadonlyMap<Digest, Manifest>): Set<Digest> {
  return new Set([...manifests].flatMap(([digest, manifest]) => [digest, ...blobsOf(manifest)]));
}

/** The classic store names an image by its config, the containerd store by its manifest. */
export function idsOf(digest: Digest, manifest: Manifest | null): string[] {
  return manifest ? [manifest.config.digest, digest] : [digest];
}

/** Null when it is not there or is no manifest. Who only looks does not keep others from collecting it. */
export async function manifestAt(blobs: Blobs, digest: Digest): Promise<Manifest | null> {
  const size = await blobs.size(digest);
  if (size === null || size > maxManifestBytes) return null;
  const bytes = await blobs.bytes(digest).catch(nullWhenMissing);
  return bytes && readManifest(bytes);
}

type RemoveNeeds = Pick<CollectNeeds, 'engine' | 'onProblem'>;

/** One that a container still uses goes at a later collection. */
export async function removeImage(needs: RemoveNeeds, image: ImageInfo): Promise<boolean> {
  if ((await imagesInUse(needs.engine)).has(image.id)) return false;
  return await removeNames(needs, image);
}

/** An image goes with its last name. */
async function removeNames(needs: RemoveNeeds, image: ImageInfo): Promise<boolean> {
  const names = [...image.tags, ...image.digests];
  try {
    for (const name of names.length > 0 ? names : [image.id]) await needs.engine.removeImage(name);
    return true;
  } catch (error) {
    const inUse = hasCode(error, 'conflict');
    if (!inUse) needs.onProblem(`image ${image.id} could not be removed: ${messageOf(error)}`);
    return false;
  }
}
