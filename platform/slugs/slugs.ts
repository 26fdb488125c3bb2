// Slugs as content-addressed layers: packed from a built tree, pulled by the engine from our own endpoint, collected.
import { PlatformError } from '../domain/errors.ts';
import type { Digest, Layer } from '../domain/slug.ts';
import type { Engine } from '../engine/engine.ts';
import { openBlobs } from './blobs.ts';
import { type Collected, collect, manifestAt } from './collect.ts';
import { registryUser, startDistribution } from './distribution.ts';
import { blobsOf, imageDocuments, type StackImage } from './image.ts';
import { packTree } from './pack.ts';
import { openStacks } from './stack.ts';

export interface PackRequest {
  /** Folder that holds the built `app` folder. */
  root: string;
  /** Names at the top of `app` that buildpacks made (not in the pushed source). */
  created: string[];
  /** Reference of the image the layers sit on. */
  stackImage: string;
  /** `amd64`, `arm64` */
  architecture: string;
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
  /** Whether every blob of the slug is there. */
  has(manifest: Digest): Promise<boolean>;
  /**
   * Deletes the blobs, and the engine's images, that none of these manifests names. What was packed less than an hour
   * ago stays, and so does what a pack that is still running uses.
   */
  collect(keep: Digest[]): Promise<Collected>;
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
  const closing = new AbortController();
  const pulling = new Map<string, Promise<string>>();
  const packing = new Set<{ since: number }>();
  const primed = new Set<Digest>();

  const writeImage = async (stack: StackImage, layers: Layer[], architecture: string): Promise<Digest> => {
    const { config, manifest } = imageDocuments({ stack, layers, architecture, instance });
    await blobs.putBytes(config);
    return await blobs.putBytes(manifest);
  };

  const has = async (manifest: Digest): Promise<boolean> => {
    const found = await manifestAt(blobs, manifest);
    if (!found) return false;
    const sizes = await Promise.all(blobsOf(found).map((digest) => blobs.size(digest)));
    return sizes.every((size) => size !== null);
  };

  const ensure = async (appName: string, manifest: Digest): Promise<string> => {
    const config = (await manifestAt(blobs, manifest))?.config.digest;
    const tag = `twelve-${namePart(instance)}/${namePart(appName)}:${manifest.slice(7, 19)}`;
    // By its content's id, which no restart, port or tag changes: the classic store's first, then the containerd store's.
    const present = (config && (await engine.image(config))) || (await engine.image(manifest));
    if (present?.tags.includes(tag)) return present.id;
    const image = present ?? (await pull(appName, manifest));
    // A tag keeps it from `docker image prune`.
    await engine.tagImage(image.id, tag);
    return image.id;
  };

  const pull = async (appName: string, manifest: Digest) => {
    if (!(await has(manifest))) {
      throw new PlatformError(
        'gone',
        `The slug ${manifest.slice(7, 19)} is no longer stored. Push its commit again.`,
      );
    }
    return await engine.pullImage({
      reference: `${endpoint.address}/${namePart(instance)}/${namePart(appName)}@${manifest}`,
      auth: { username: registryUser, password: needs.token },
      signal: closing.signal,
    });
  };

  /** Ten processes of one release ask at once; one pull serves them all, whoever of them gives up. */
  const ensureOnce = (appName: string, manifest: Digest): Promise<string> => {
    const key = `${appName} ${manifest}`;
    const running = pulling.get(key) ?? ensure(appName, manifest).finally(() => pulling.delete(key));
    pulling.set(key, running);
    return running;
  };

  return {
    has,

    async pack(input) {
      const job = { since: Date.now() };
      packing.add(job);
      try {
        const [stack, layers] = await both(stacks.stack(input.stackImage), packTree(blobs, input));
        const manifest = await writeImage(stack, layers, input.architecture);
        return { manifest, layers, size: layers.reduce((sum, layer) => sum + layer.size, 0) };
      } finally {
        packing.delete(job);
      }
    },

    async ensureImage({ appName, manifest, signal }) {
      return await unlessAborted(ensureOnce(appName, manifest), signal);
    },

    async prime(stackImage) {
      const { architecture } = await engine.info();
      const manifest = await writeImage(await stacks.stack(stackImage), [], architecture);
      primed.add(manifest);
      await ensureOnce('stack', manifest);
    },

    async collect(keep) {
      const before = Math.min(Date.now() - youngMs, ...[...packing].map((job) => job.since));
      return await collect({ ...needs, blobs, keep: [...keep, ...primed], before });
    },

    async close() {
      closing.abort(new PlatformError('cancelled', 'The server is stopping.'));
      await endpoint.close();
      await Promise.allSettled(pulling.values());
    },
  };
}

/** Both to their end even when one fails, so that nothing still writes after the failure was told. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  work.catch(() => undefined);
  return await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop));
}

/** What a repository name may have: lower case, digits, single dashes inside. */
function namePart(text: string): string {
  const part = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return part.replace(/^-+|-+$/g, '') || 'x';
}
