// Images that we made of definitions which have changed since: removed when nobody needs them any more.
import { hasCode } from '../domain/errors.ts';
import type { Engine, ImageInfo } from './engine.ts';
import { imagesInUse } from './images-in-use.ts';
import { label } from './labels.ts';

export interface SupersededNeeds {
  engine: Engine;
  /** Values of the label, e.g. `build`; those that others start from come after them. */
  names: readonly string[];
  /** References that stay: those of the definitions as they are, and those that something names. */
  keep: ReadonlySet<string>;
  /** What was made since stays: a setup may have made it for a server that has not started yet. */
  before: Date;
  /** Only says which would go. */
  dry?: boolean;
  onProblem(message: string): void;
}

/**
 * A build that starts from one of ours inherits its label, so an image counts as ours only with nothing but names that we
 * give. One that a container uses, or that another image starts from, goes at a later time.
 * @returns those that were removed
 */
export async function removeSuperseded(needs: SupersededNeeds): Promise<ImageInfo[]> {
  const removed: ImageInfo[] = [];
  const used = await imagesInUse(needs.engine);
  for (const name of needs.names) {
    const ours = new RegExp(`^twelve/${name}:[0-9a-f]{12}$`);
    for (const image of await needs.engine.images({ [label.image]: name })) {
      const old = image.tags.filter((tag) => !needs.keep.has(tag));
      if (old.length === 0 || !image.tags.every((tag) => ours.test(tag))) continue;
      if (new Date(image.createdAt) >= needs.before) continue;
      const whole = old.length === image.tags.length;
      if (whole && used.has(image.id)) continue;
      if (needs.dry ? whole : await untag(needs, image, old)) removed.push(image);
    }
  }
  return removed;
}

/** An image goes with its last name. */
async function untag(needs: SupersededNeeds, image: ImageInfo, tags: readonly string[]): Promise<boolean> {
  try {
    for (const tag of tags) await needs.engine.removeImage(tag);
    return tags.length === image.tags.length;
  } catch (error) {
    if (hasCode(error, 'conflict')) return false;
    needs.onProblem(`image ${tags[0]} could not be removed: ${(error as Error).message}`);
    return false;
  }
}
