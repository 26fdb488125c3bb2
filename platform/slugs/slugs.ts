// Slugs as content-addressed layers: packed from a built tree, pulled by the engine from our own endpoint, collected.
import type { Digest, Layer } from '../domain/slug.ts';
import type { Engine, ImageInfo } from '../engine/engine.ts';
import { digestOf, openBlobs } from './blobs.ts';
import { type Collected, collect, idsOf, leftovers, manifestAt, removeImage } from './collect.ts';
import { startDistribution } from './distribution.ts';
import { imageDocuments, type StackImage } from './image.ts';
import { packTree } from './pack.ts';
import { createPuller, isWhole, wholeBlobs } from './puller.ts';
import { openStacks } from './stack.ts';
import { createKnownLayers } from './untouched.ts';

export interface PackRequest {
  /** Folder that holds the built `app` folder. */
  root: string;
  /** Names at the top of `app` that buildpacks made (not in the pushed source). */
  created: string[];
  /** Reference of the image the layers sit on. */
  stackImage: string;
  limitBytes: number;
  signal?: AbortSignal;
}

export interface PackedSlug {
  manifest: Digest;
  /** The slug's own, without the stack's. */
  layers: Layer[];
  /** Bytes of these layers. */
  size: number;
}

export interface Slugs {
  /**
   * Layers into the blob store, and a manifest over the stack.
   * @throws PlatformError `build_failed` with id E19 and the five largest folders when over the limit
   */
  pack(input: PackRequest): Promise<PackedSlug>;
  /**
   * Makes sure that the engine has the image, and returns its id. Only layers that the engine lacks are pulled.
   * @param input.appName part of the image's name; any text, e.g. the app's id
   * @throws PlatformError `gone` when the slug's blobs were collected
   */
  ensureImage(input: { appName: string; manifest: Digest; signal?: AbortSignal }): Promise<string>;
  /** Pulls the stack itself through our endpoint, so that the first push doesn't pay for it. */
  prime(stackImage: string): Promise<void>;
  /** Every blob of the slug, its manifest first; null when one of them is not there. */
  blobs(manifest: Digest): Promise<{ digest: Digest; size: number }[] | null>;
  /** What is in a blob. */
  read(digest: Digest): AsyncIterable<Buffer>;
  /** Whether every blob of the slug is there. */
  has(manifest: Digest): Promise<boolean>;
  /**
   * Deletes the blobs, and the engine's images, that none of these manifests names. What was packed less than an hour
   * ago stays, and so does what a pack that is still running uses.
   * @param dry only says what it would
   */
  collect(keep: Digest[], dry?: boolean): Promise<Collected>;
  /** Bytes on the disk of what none of these manifests names, young or not. */
  leftovers(keep: Digest[]): Promise<number>;
  /** Manifests of stacks alone, whose images add nothing to the stacks' own. */
  primed(): Digest[];
  /** What the engine may call the slug's image. */
  imageIds(manifest: Digest): Promise<string[]>;
  /** Takes an image of ours off the engine, which pulls it again when it is needed. @returns false: something still uses it */
  dropImage(image: ImageInfo): Promise<boolean>;
  close(): Promise<void>;
}

export interface SlugsNeeds {
  engine: Engine;
  instance: string;
  /** `<data>/blobs`; this process is its only user. */
  folder: string;
  /** Loopback, since engines use plain HTTP only there. Port 0 picks one. */
  address: { host: string; port: number };
  /** What the engine shows to our endpoint. */
  token: string;
  onProblem(message: string): void;
}

const youngMs = 60 * 60 * 1000;

export async function createSlugs(needs: SlugsNeeds): Promise<Slugs> {
  const { engine, instance } = needs;
  const blobs = await openBlobs(needs.folder);
  const stacks = await openStacks({ engine, blobs, folder: needs.folder });
  const endpoint = await startDistribution({ ...needs, blobs });
  const puller = createPuller({ ...needs, blobs, endpoint: endpoint.address });
  const packing = new Set<{ since: number }>();
  const primed = new Set<Digest>();

  const known = createKnownLayers();
  let architecture: string | undefined;

  const writeImage = async (stack: StackImage, layers: Layer[]): Promise<Digest> => {
    // `amd64`, `arm64`: an engine's machine stays what it is, and the question takes the engine a while.
    architecture ??= (await engine.info()).architecture;
    const { config, manifest } = imageDocuments({ stack, layers, architecture, instance });
    if (!blobs.touch(digestOf(manifest))) puller.isNew(digestOf(manifest));
    // Each is forced to disk; neither waits for the other.
    const [, digest] = await both(blobs.putBytes(config), blobs.putBytes(manifest));
    return digest;
  };

  return {
    has: (manifest) => isWhole(blobs, manifest),
    blobs: (manifest) => wholeBlobs(blobs, manifest),
    read: (digest) => blobs.stream(digest),
    ensureImage: ({ appName, manifest, signal }) => puller.ensure(appName, manifest, signal),

    async pack(input) {
      const job = { since: Date.now() };
      packing.add(job);
      try {
        const [stack, layers] = await both(stacks.stack(input.stackImage), packTree(blobs, known, input));
        const manifest = await writeImage(stack, layers);
        return { manifest, layers, size: layers.reduce((sum, layer) => sum + layer.size, 0) };
      } finally {
        packing.delete(job);
      }
    },

    async prime(stackImage) {
      const manifest = await writeImage(await stacks.stack(stackImage), []);
      primed.add(manifest);
      await puller.ensure('stack', manifest);
    },

    async collect(keep, dry = false) {
      const before = Math.min(Date.now() - youngMs, ...[...packing].map((job) => job.since));
      return await collect({ ...needs, blobs, keep: [...keep, ...primed], before, dry });
    },

    leftovers: (keep) => leftovers(blobs, [...keep, ...primed]),
    primed: () => [...primed],
    imageIds: async (manifest) => idsOf(manifest, await manifestAt(blobs, manifest)),
    dropImage: (image) => removeImage(needs, image),

    async close() {
      await puller.close();
      await endpoint.close();
    },
  };
}

/** Both to their end even when one fails, so that nothing still writes after the failure was told. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}
