// A built tree → layers in the blob store.
import { lstat, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packLayer } from '../archive/pack.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Digest, Layer } from '../domain/slug.ts';
import type { Blobs } from './blobs.ts';
import { type LayerPlan, partition } from './partition.ts';
import { largestFolders, survey } from './survey.ts';
import { identityOf, type KnownLayers } from './untouched.ts';

export interface TreeInput {
  /** Folder that holds `app`. */
  root: string;
  /** Names at the top of `app` that buildpacks made. */
  created: readonly string[];
  limitBytes: number;
  signal?: AbortSignal | undefined;
}

/**
 * The layers in stacking order. Each that is not known is read by a process of its own, as many at once as there are cores.
 * @throws PlatformError `build_failed` with id E19 when they take more than the limit; the signal's reason
 */
export async function packTree(blobs: Blobs, known: KnownLayers, input: TreeInput): Promise<Layer[]> {
  const app = join(input.root, 'app');
  if (!(await lstat(app).catch(() => null))?.isDirectory()) {
    throw new PlatformError('build_failed', 'The build left no app folder behind.');
  }
  const plans = partition(await survey(app, input.created));
  const stop = new AbortController();
  const signal = input.signal ? AbortSignal.any([input.signal, stop.signal]) : stop.signal;
  let total = 0;
  let tooLarge = false;
  const count = (bytes: number): void => {
    total += bytes;
    // Ends the other layers too; a tree far over the limit is not packed to its end.
    if (total > input.limitBytes && !tooLarge) {
      tooLarge = true;
      stop.abort();
    }
  };
  const stores = { blobs, known };
  // The app's own first: it is always packed, by a program, while we look whether we know the others.
  const next = [...plans.entries()].reverse().values();
  const layers: Layer[] = [];
  const work = async (): Promise<void> => {
    for (const [index, plan] of next) {
      // The app's own layer is the last one.
      const isDependency = index < plans.length - 1;
      layers[index] = isDependency
        ? await dependencyLayer(stores, input.root, plan, count, signal)
        : await storedLayer(blobs, input.root, plan, count, signal);
    }
  };
  const lanes = Array.from({ length: Math.min(plans.length, availableParallelism()) }, () =>
    work().catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
  );
  const failures = (await Promise.allSettled(lanes)).filter((lane) => lane.status === 'rejected');
  input.signal?.throwIfAborted();
  if (tooLarge) throw await overLimit(app, input.limitBytes, total);
  // Lanes that were only stopped because another failed say nothing of their own.
  const cause = failures.find((failure) => failure.reason !== stop.signal.reason) ?? failures[0];
  if (cause) throw cause.reason;
  return layers;
}

interface Stores {
  blobs: Blobs;
  known: KnownLayers;
}

/** Mostly the same as in the release before: known without being read, or else read and hashed, which is less work than writing it too. */
async function dependencyLayer(
  { blobs, known }: Stores,
  root: string,
  plan: LayerPlan,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Layer> {
  const content = contentOf(plan);
  const identity = await identityOf(root, content.folders, content.entries, signal);
  const same = identity === null ? undefined : known.get(identity);
  if (same && blobs.touch(same.digest)) {
    onBytes(same.size);
    return { ...same, label: plan.label };
  }
  const { digest, size } = await packLayer({ root, ...content, signal, write: null, onBytes });
  const layer = blobs.touch(digest as Digest)
    ? { digest: digest as Digest, size, label: plan.label }
    : await storedLayer(blobs, root, plan, () => undefined, signal);
  if (identity !== null) known.set(identity, layer);
  return layer;
}

async function storedLayer(
  blobs: Blobs,
  root: string,
  plan: LayerPlan,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Layer> {
  const write = blobs.temporary();
  try {
    const packed = await packLayer({ root, ...contentOf(plan), signal, write, onBytes });
    const digest = packed.digest as Digest;
    await blobs.put(write, digest);
    return { digest, size: packed.size, label: plan.label };
  } finally {
    // Gone already when it became a blob.
    await rm(write, { force: true });
  }
}

/** Paths of a layer as they are in it: below `app`. */
function contentOf(plan: LayerPlan): { folders: string[]; entries: Buffer[] } {
  const below = (path: string): Buffer => Buffer.concat([Buffer.from('app/'), Buffer.from(path, 'latin1')]);
  return {
    folders: ['app', ...plan.folders.map((folder) => below(folder).toString('utf8'))],
    entries: plan.entries.map(below),
  };
}

/** @param packed how much there was when it was too much: a tree of small files is smaller than its layers */
async function overLimit(app: string, limitBytes: number, packed: number): Promise<PlatformError> {
  const { total, largest } = await largestFolders(app, 5);
  const list = largest.map(({ path, size }) => `${path} (${megabytes(size)} MB)`).join(', ');
  return new PlatformError(
    'build_failed',
    `The slug is ${megabytes(Math.max(total, packed))} MB, limit ${megabytes(limitBytes)} MB. Largest: ${list || 'no folder of it'}. Add .slugignore or prune dependencies; large data belongs into a backing service.`,
    { id: 'E19', largest },
  );
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
