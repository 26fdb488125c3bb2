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
}

/** @param kept slugs that may have one; an image of none of them is counted without its stack, until it is collected */
export async function imagesOnEngine(
  { engine, instance, slugs }: Platform,
  kept: readonly Slug[],
): Promise<ImagesOnEngine> {
  const [ours, ...made] = await Promise.all([
    engine.images({ [label.slug]: instance }),
    ...serverImages.map((name) => engine.images({ [label.image]: name })),
  ]);
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
  for (const { id, size } of ours) if (!known.has(id)) sizes.set(id, Math.max(0, size - stack));
  return { bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), of };
}

/** What so many images of apps take without their stack, which is there anyway; of several stacks the largest. */
export async function withoutStacks({ engine }: Platform, images: number, bytes: number): Promise<number> {
  if (images === 0) return 0;
  return Math.max(0, bytes - images * largest(await engine.images({ [label.image]: 'stack' })));
}

const largest = (images: readonly ImageInfo[]): number => Math.max(0, ...images.map(({ size }) => size));
