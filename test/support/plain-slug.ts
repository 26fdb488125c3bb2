// A slug as the store takes it, for tests to which it does not matter what is in it.
import type { Digest, Slug } from '../../platform/domain/slug.ts';

type Stored = Omit<Slug, 'id' | 'createdAt' | 'removedAt'>;

export function plainSlug(appId: string, more: Partial<Stored> = {}): Stored {
  return {
    appId,
    manifest: 'sha256:0' as Digest,
    layers: [],
    processTypes: { web: 'true' },
    declared: {},
    stack: 'debian-13',
    stackImage: 'stack',
    buildpacks: [],
    commit: null,
    commitDescription: null,
    size: 1,
    ...more,
  };
}
