// Images of a simulated engine: names and ids, no bytes.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { PlatformError } from '../../platform/domain/errors.ts';
import type { Engine, ImageInfo } from '../../platform/engine/engine.ts';
import { carries } from './memory-events.ts';

type ImagePart = Pick<
  Engine,
  'image' | 'images' | 'buildImage' | 'importImage' | 'saveImage' | 'pullImage' | 'tagImage' | 'removeImage'
>;

export interface MemoryImages {
  part: ImagePart;
  /** Is there at once, as if it had been pulled. @param content what its id is the hash of; else the reference is */
  add(reference: string, labels?: Record<string, string>, content?: string): ImageInfo;
  /** Can be pulled from now on. */
  publish(reference: string): void;
  find(reference: string): ImageInfo | null;
}

export function createMemoryImages(isUsed: (imageId: string) => boolean): MemoryImages {
  const images = new Map<string, ImageInfo>();
  const published = new Set<string>();

  const find = (reference: string): ImageInfo | null => {
    const tagged = reference.includes('@') || /:[^/]*$/.test(reference) ? reference : `${reference}:latest`;
    for (const image of images.values()) {
      if (image.id === reference || [...image.tags, ...image.digests].includes(tagged)) return image;
    }
    return null;
  };

  const untag = (reference: string): void => {
    for (const image of images.values()) image.tags = image.tags.filter((tag) => tag !== reference);
  };

  const add = (reference: string, labels: Record<string, string> = {}, content = reference): ImageInfo => {
    untag(reference);
    const id = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const digest = reference.includes('@');
    const image = images.get(id) ?? { ...blank, id, labels, createdAt: new Date().toISOString() };
    images.set(id, image);
    if (digest) image.digests = [...new Set([...image.digests, reference])];
    else image.tags = [...new Set([...image.tags, reference])];
    return image;
  };

  const must = (reference: string): ImageInfo => {
    const image = find(reference);
    if (!image) throw new PlatformError('not_found', `No such image: ${reference}`);
    return image;
  };

  const part: ImagePart = {
    image: async (reference) => copyOf(find(reference)),
    images: async (labels) =>
      [...images.values()].filter((image) => carries(image.labels, labels)).map((image) => copyOf(image)!),
    async buildImage({ tag, context, buildArgs = {}, labels = {}, onLine }) {
      const hash = createHash('sha256').update(JSON.stringify([buildArgs, labels]));
      for await (const chunk of context) hash.update(chunk);
      onLine?.(`Successfully tagged ${tag}`);
      return copyOf(add(tag, labels, hash.digest('hex')))!;
    },
    async importImage(tag, tar) {
      const hash = createHash('sha256');
      for await (const chunk of tar) hash.update(chunk);
      return copyOf(add(tag, {}, hash.digest('hex')))!;
    },
    saveImage: async (reference) => Readable.from([Buffer.from(JSON.stringify(must(reference)))]),
    async pullImage({ reference, signal }) {
      signal?.throwIfAborted();
      if (!published.has(reference)) {
        throw new PlatformError('not_found', `Could not pull the image ${reference}: manifest unknown`);
      }
      return copyOf(add(reference))!;
    },
    async tagImage(reference, tag) {
      const image = must(reference);
      untag(tag);
      image.tags.push(tag);
    },
    async removeImage(reference) {
      const image = find(reference);
      if (!image) return;
      const names = [...image.tags, ...image.digests].filter((name) => name !== reference);
      if (names.length === 0 || reference === image.id) {
        if (isUsed(image.id)) {
          throw new PlatformError(
            'conflict',
            `Could not remove the image ${reference}: a container uses it.`,
          );
        }
        images.delete(image.id);
      }
      image.tags = image.tags.filter((tag) => tag !== reference);
      image.digests = image.digests.filter((digest) => digest !== reference);
    },
  };

  return {
    part,
    add,
    publish: (reference) => void published.add(reference),
    find,
  };
}

const blank = { tags: [] as string[], digests: [] as string[], size: 0 };

function copyOf(image: ImageInfo | null): ImageInfo | null {
  return image ? structuredClone(image) : null;
}
