// The platform's images on the engine: which slug each is of, and what they take, each layer counted once.
import type { Slug } from '../domain/slug.ts';
import type { ImageInfo } from '../engine/engine.ts';
import { serverImages } from '../engine/images.ts';
import { label } from '../engine/labels.ts';
import type { Platform } from './context.ts';

export interface ImagesOnEngine {
  bytes: number;
  /** By the slug's id. */
  of: ReadonlyMap<string, ImageInfo>;
  /** Of no kept slug: a deploy failed, or the slug just went. Each with what it counts for. */
  others: readonly { image: ImageInfo; size: number }[];
}

/**
 * @param kept slugs that may have one; an image of none of them is counted without its stack, until it is collected
 * @param gone ids of images that count as gone although they are there
 */
export async function imagesOnEngine(
  { engine, instance, slugs }: Platform,
  kept: readonly Slug[],
  gone: ReadonlySet<string> = new Set(),
): Promise<ImagesOnEngine> {
  const found = await Promise.all([
    engine.images({ [label.slug]: instance }),
    ...serverImages.map((name) => engine.images({ [label.image]: name })),
  ]);
  const [ours, ...made] = found.map((images) => images.filter(({ id }) => !gone.has(id))) as typeof found;
  const images = new Map(ours.map((image) => [image.id, image]));
  const of = new Map<string, ImageInfo>();
  const sizes = new Map<string, number>();
  for (const { id, size } of made.flat()) sizes.set(id, size);
  const known = new Set((await Promise.all(slugs.primed().map(slugs.imageIds))).flat());
  for (const slug of images.size > 0 ? kept : []) {
    const id = (await slugs.imageIds(slug.manifest)).find((one) => images.has(one));
    if (id === undefined) continue;
    of.set(slug.id, images.get(id)!);
    known.add(id);
    for (const { digest, size } of slug.layers) sizes.set(digest, size);
  }
  const stack = largest(made[serverImages.indexOf('stack')]!);
  const others = ours
    .filter(({ id }) => !known.has(id))
    .map((image) => ({ image, size: Math.max(0, image.size - stack) }));
  for (const { image, size } of others) sizes.set(image.id, size);
  return { bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), of, others };
}

/** What images of apps take without their stack, which is there anyway; of several stacks the largest. */
export async function withoutStacks({ engine }: Platform, images: readonly ImageInfo[]): Promise<number> {
  if (images.length === 0) return 0;
  const stack = largest(await engine.images({ [label.image]: 'stack' }));
  return images.reduce((sum, { size }) => sum + Math.max(0, size - stack), 0);
}

const largest = (images: readonly ImageInfo[]): number => Math.max(0, ...images.map(({ size }) => size));
