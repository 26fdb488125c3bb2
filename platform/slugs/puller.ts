// Slugs onto the engine: found by their content's id, else pulled from our endpoint, once for all who ask.
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, messageOf, PlatformError } from '../domain/errors.ts';
import type { Digest } from '../domain/slug.ts';
import type { Engine, ImageInfo } from '../engine/engine.ts';
import type { Blobs } from './blobs.ts';
import { idsOf, manifestAt } from './collect.ts';
import { registryUser } from './distribution.ts';
import { blobsOf } from './image.ts';

export interface Puller {
  /** Id of the image on the engine. A caller that gives up does not end the pull for others. */
  ensure(appName: string, manifest: Digest, signal?: AbortSignal): Promise<string>;
  /** Made just now: no need to look whether the engine has it. */
  isNew(manifest: Digest): void;
  close(): Promise<void>;
}

interface PullerNeeds {
  engine: Engine;
  blobs: Blobs;
  instance: string;
  /** `host:port` of our endpoint. */
  endpoint: string;
  token: string;
  onProblem(message: string): void;
}

/** Until then its container keeps it from `docker image prune`. */
const tagDelayMs = 1000;

export function createPuller(needs: PullerNeeds): Puller {
  const closing = new AbortController();
  const underway = new Map<string, Promise<string>>();
  const tagging = new Set<Promise<void>>();
  const made = new Set<Digest>();

  /** Later, since the engine is busy with a container of this image. Where it fails the next server that needs it does it. */
  function keepTag(id: string, tag: string): void {
    const tagged = sleep(tagDelayMs, undefined, { signal: closing.signal })
      .catch(() => undefined)
      .then(() => needs.engine.tagImage(id, tag))
      .catch((error: unknown) => {
        // Removed again meanwhile: nothing to name.
        if (hasCode(error, 'not_found')) return;
        needs.onProblem(`The image ${id} got no name: ${messageOf(error)}`);
      })
      .finally(() => tagging.delete(tagged));
    tagging.add(tagged);
  }

  return {
    async ensure(appName, manifest, signal) {
      const key = `${appName} ${manifest}`;
      const running =
        underway.get(key) ??
        ensureImage(
          { ...needs, keepTag, isNew: made.delete(manifest) },
          appName,
          manifest,
          closing.signal,
        ).finally(() => underway.delete(key));
      underway.set(key, running);
      return await unlessAborted(running, signal);
    },
    isNew: (manifest) => void made.add(manifest),
    async close() {
      closing.abort(new PlatformError('cancelled', 'The server is stopping.'));
      await Promise.allSettled(underway.values());
      await Promise.all(tagging);
    },
  };
}

/** The manifest and every blob that it names; null when one of them is not there. */
export async function wholeBlobs(
  blobs: Blobs,
  manifest: Digest,
): Promise<{ digest: Digest; size: number }[] | null> {
  const found = await manifestAt(blobs, manifest);
  if (!found) return null;
  const digests = [manifest, ...blobsOf(found)];
  const sized = await Promise.all(
    digests.map(async (digest) => ({ digest, size: await blobs.size(digest) })),
  );
  const there = sized.filter((one): one is { digest: Digest; size: number } => one.size !== null);
  return there.length === digests.length ? there : null;
}

export async function isWhole(blobs: Blobs, manifest: Digest): Promise<boolean> {
  return (await wholeBlobs(blobs, manifest)) !== null;
}

async function ensureImage(
  needs: PullerNeeds & { keepTag(id: string, tag: string): void; isNew: boolean },
  appName: string,
  manifest: Digest,
  signal: AbortSignal,
): Promise<string> {
  const { keepTag } = needs;
  const present = needs.isNew ? null : await find(needs, manifest);
  // A tag keeps it from `docker image prune`.
  const tag = `twelve-${namePart(needs.instance)}/${namePart(appName)}:${manifest.slice(7, 19)}`;
  if (present?.tags.includes(tag)) return present.id;
  const image = present ?? (await pull(needs, appName, manifest, signal));
  keepTag(image.id, tag);
  return image.id;
}

/** By an id, which no restart, port or tag changes. */
async function find({ engine, blobs }: PullerNeeds, manifest: Digest): Promise<ImageInfo | null> {
  const ids = idsOf(manifest, await manifestAt(blobs, manifest));
  const found = await Promise.all(ids.map((id) => engine.image(id)));
  return found.find((image) => image !== null) ?? null;
}

async function pull(
  needs: PullerNeeds,
  appName: string,
  manifest: Digest,
  signal: AbortSignal,
): Promise<ImageInfo> {
  if (!(await isWhole(needs.blobs, manifest))) {
    throw new PlatformError(
      'gone',
      `The slug ${manifest.slice(7, 19)} is no longer stored. Push its commit again.`,
    );
  }
  return await needs.engine.pullImage({
    reference: `${needs.endpoint}/${namePart(needs.instance)}/${namePart(appName)}@${manifest}`,
    auth: { username: registryUser, password: needs.token },
    signal,
  });
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What a repository name may have: lower case, digits, single dashes inside. */
function namePart(text: string): string {
  const part = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return part.replace(/^-+|-+$/g, '') || 'x';
}
