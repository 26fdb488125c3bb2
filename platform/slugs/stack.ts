// The stack's own layers: exported from the engine once per image, kept as plain tars under the slugs' layers.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { unpack } from '../archive/unpack.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Digest } from '../domain/slug.ts';
import type { Engine } from '../engine/engine.ts';
import { type Blobs, digestOf } from './blobs.ts';
import type { StackImage } from './image.ts';

export interface Stacks {
  /**
   * The stack behind a reference, all its layers in the blob store.
   * @throws PlatformError `not_found` when neither the engine nor the blob store has it
   */
  stack(reference: string): Promise<StackImage>;
}

export async function openStacks(needs: { engine: Engine; blobs: Blobs; folder: string }): Promise<Stacks> {
  const { engine, blobs } = needs;
  const records = join(needs.folder, 'stacks');
  await mkdir(records, { recursive: true, mode: 0o700 });
  const underway = new Map<string, Promise<StackImage>>();

  const find = async (reference: string): Promise<StackImage> => {
    const file = join(records, `${digestOf(reference).slice(7, 39)}.json`);
    const known = await readRecord(file);
    const image = await engine.image(reference);
    // The blobs outlive the engine's own copy; a reference that names another image now is exported anew.
    const current = known && (image === null || image.id === known.imageId) ? known : null;
    if (current?.layers.map((layer) => blobs.touch(layer.digest)).every(Boolean)) return current;
    if (!image) {
      throw new PlatformError('not_found', `The stack image ${reference} is not on the engine.`, {
        resource: 'stack image',
      });
    }
    const stack = await exportImage(engine, blobs, reference, image.id);
    const temporary = blobs.temporary();
    await writeFile(temporary, JSON.stringify(stack), { mode: 0o600 });
    await rename(temporary, file);
    return stack;
  };

  return {
    stack(reference) {
      const running = underway.get(reference) ?? find(reference).finally(() => underway.delete(reference));
      underway.set(reference, running);
      return running;
    },
  };
}

/** What is unreadable (a crash, an older form) is made again. */
async function readRecord(file: string): Promise<StackImage | null> {
  try {
    const record = JSON.parse(await readFile(file, 'utf8')) as StackImage;
    return Array.isArray(record.layers) && Array.isArray(record.env) ? record : null;
  } catch {
    return null;
  }
}

/** Far above any stack; only there so that a broken archive cannot fill the disk. */
const exportLimits = { bytes: 20 * 1024 ** 3, entries: 10_000 };

async function exportImage(
  engine: Engine,
  blobs: Blobs,
  reference: string,
  imageId: string,
): Promise<StackImage> {
  const folder = blobs.temporary();
  await mkdir(folder, { mode: 0o700 });
  try {
    await unpack(await engine.saveImage(reference), folder, exportLimits);
    const { config, layers } = await readSaved(folder, reference);
    const exported: StackImage['layers'] = [];
    for (const [index, path] of layers.entries()) {
      const layer = await takeLayer(blobs, path);
      if (layer.digest !== config.rootfs.diff_ids[index]) {
        throw broken(
          reference,
          `layer ${index + 1} is ${layer.digest}, not ${config.rootfs.diff_ids[index]}`,
        );
      }
      exported.push(layer);
    }
    return { reference, imageId, layers: exported, env: config.config?.Env ?? [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface SavedConfig {
  config?: { Env?: string[] | null };
  rootfs: { diff_ids: Digest[] };
}

/** Both forms of `docker save` (the older one and the OCI layout, from engine 25 on) carry a manifest.json with paths. */
async function readSaved(
  folder: string,
  reference: string,
): Promise<{ config: SavedConfig; layers: string[] }> {
  const inside = async (name: string): Promise<string> => {
    const path = await realpath(join(folder, name)).catch(() => null);
    // The older form has links between layers that are the same; unpacking kept them inside.
    if (!path?.startsWith((await realpath(folder)) + sep)) throw broken(reference, `${name} is not in it`);
    return path;
  };
  const json = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(await inside(name), 'utf8'));
  const [image] = (await json('manifest.json')) as { Config: string; Layers: string[] }[];
  if (!image) throw broken(reference, 'its list of images is empty');
  const config = (await json(image.Config)) as SavedConfig;
  const layers = await Promise.all(image.Layers.map(inside));
  if (layers.length !== config.rootfs.diff_ids.length) {
    throw broken(
      reference,
      `it has ${layers.length} layers, its config names ${config.rootfs.diff_ids.length}`,
    );
  }
  return { config, layers };
}

/** One layer becomes a blob, uncompressed. The archive's own file stays: another layer may be a link to it. */
async function takeLayer(blobs: Blobs, path: string): Promise<{ digest: Digest; size: number }> {
  const temporary = blobs.temporary();
  const compressed = await isGzip(path);
  const hash = createHash('sha256');
  let size = 0;
  const counted = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      hash.update(piece);
      size += piece.length;
      yield piece;
    }
  };
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
  if (compressed)
    await pipeline(source, createGunzip(), counted, createWriteStream(temporary, { mode: 0o600 }));
  else {
    await finished(Readable.from(counted(source)).resume());
    // A plain layer is the blob already: a second name for the same file, not a copy of hundreds of megabytes.
    await link(path, temporary);
  }
  const digest = `sha256:${hash.digest('hex')}` as Digest;
  await blobs.put(temporary, digest);
  return { digest, size };
}

async function isGzip(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  const start = Buffer.alloc(4);
  await handle.read(start, 0, 4, 0).finally(() => handle.close());
  if (start.readUInt32LE() === 0xfd2fb528) {
    throw new PlatformError(
      'engine_failed',
      'The stack image has layers compressed with zstd, which this Node cannot read. Pull or build it with gzip or no compression.',
    );
  }
  return start[0] === 0x1f && start[1] === 0x8b;
}

function broken(reference: string, why: string): PlatformError {
  return new PlatformError('engine_failed', `The engine's export of ${reference} cannot be used: ${why}.`);
}
