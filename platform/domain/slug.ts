// Slugs: a built app as content-addressed layers. No config in it, ever.
import type { Declared } from './declared.ts';
import type { ProcessTypes } from './procfile.ts';

/** `sha256:<hex>`. */
export type Digest = string & { readonly __brand: 'Digest' };

export interface Layer {
  digest: Digest;
  /** Bytes of the (uncompressed) tar. */
  size: number;
  /** What it holds, for people: `node_modules`, `.heroku`, `app`. */
  label: string;
}

export interface Slug {
  id: string;
  appId: string;
  /** Digest of the image manifest that the engine pulls. */
  manifest: Digest;
  /** The slug's own layers (the stack's are not counted), in the order they are stacked. */
  layers: readonly Layer[];
  processTypes: ProcessTypes;
  declared: Declared;
  stack: string;
  /** Image the layers sit on: the run stack's reference with the hash of its definition. */
  stackImage: string;
  /** `pin`: commit or checksum of one from elsewhere. */
  buildpacks: readonly { name: string; url: string; displayName: string; pin?: string | null }[];
  commit: string | null;
  commitDescription: string | null;
  /** Sum of the layers' sizes in bytes. */
  size: number;
  createdAt: string;
  /** Set when garbage collection removed its blobs: it can no longer be run or rolled back to. */
  removedAt: string | null;
}
