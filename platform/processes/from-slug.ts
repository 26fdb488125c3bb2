// Containers of slugs: from the image that the engine had last time, and pulled again when somebody removed it since.
import { hasCode } from '../domain/errors.ts';
import type { Slug } from '../domain/slug.ts';
import type { ContainerSpec } from '../engine/engine.ts';
import type { ProcessNeeds } from './needs.ts';

export interface FromSlug {
  /** Resolves when the engine has the slug's image, or had it once since our start: looking costs as much as a container. */
  provide(slug: Slug, signal?: AbortSignal): Promise<void>;
  /** @returns the container's id */
  create(slug: Slug, spec: (image: string) => ContainerSpec): Promise<string>;
}

export function createFromSlug({ engine, image }: Pick<ProcessNeeds, 'engine' | 'image'>): FromSlug {
  const known = new Map<string, string>();

  async function find(slug: Slug, signal?: AbortSignal): Promise<string> {
    const id = known.get(slug.id) ?? (await image(slug, signal));
    known.set(slug.id, id);
    return id;
  }

  return {
    provide: async (slug, signal) => void (await find(slug, signal)),
    async create(slug, spec) {
      try {
        return await engine.create(spec(await find(slug)));
      } catch (error) {
        if (!hasCode(error, 'not_found')) throw error;
        known.delete(slug.id);
        return await engine.create(spec(await find(slug)));
      }
    },
  };
}
