// Layers → an image as engines pull it: its config and its manifest (pure; OCI image format 1.0).

import { appUid } from '../domain/process.ts';
import type { Digest, Layer } from '../domain/slug.ts';
import { label } from '../engine/labels.ts';
import { digestOf } from './blobs.ts';

/** What an image stands on: layers as plain tars, so that a layer's digest is its diff id too. */
export interface StackImage {
  reference: string;
  /** The engine's id of the image that was exported. */
  imageId: string;
  layers: { digest: Digest; size: number }[];
  env: string[];
}

export interface ImageDocuments {
  config: Buffer;
  manifest: Buffer;
}

export interface Manifest {
  mediaType: string;
  config: { digest: Digest; size: number };
  layers: { digest: Digest; size: number }[];
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
/** Not compressed: on one machine compressing costs more time than it saves, and bytes stay what was hashed. */
const layerType = 'application/vnd.oci.image.layer.v1.tar';

/** A fixed time: the same layers are the same image, whenever they were made. */
const created = '1970-01-01T00:00:01Z';

/** The environment is the stack's alone; the app's config is given to its processes, never to an image. */
export function imageDocuments(input: {
  stack: StackImage;
  layers: readonly Layer[];
  architecture: string;
  instance: string;
}): ImageDocuments {
  const { stack, layers } = input;
  const below = stack.layers.map((layer) => ({ ...layer, label: `stack ${stack.reference}` }));
  const all = [...below, ...layers];
  const config = encode({
    architecture: input.architecture,
    os: 'linux',
    created,
    config: {
      User: `${appUid}:${appUid}`,
      WorkingDir: '/app',
      Env: stack.env,
      Labels: { [label.slug]: input.instance },
    },
    rootfs: { type: 'layers', diff_ids: all.map((layer) => layer.digest) },
    history: all.map((layer) => ({ created, created_by: `twelve: ${layer.label}` })),
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: digestOf(config), size: config.length },
    layers: all.map((layer) => ({ mediaType: layerType, digest: layer.digest, size: layer.size })),
  });
  return { config, manifest };
}

/** Larger ones are not ours, nor a manifest. */
export const maxManifestBytes = 1024 * 1024;

/** Null when these bytes are something else. */
export function readManifest(bytes: Buffer): Manifest | null {
  if (bytes.length > maxManifestBytes || bytes[0] !== 0x7b) return null;
  try {
    const parsed = JSON.parse(bytes.toString('utf8')) as Partial<Manifest>;
    const whole = parsed.mediaType === manifestType && parsed.config && Array.isArray(parsed.layers);
    return whole ? (parsed as Manifest) : null;
  } catch {
    return null;
  }
}

/** Every blob an image needs, without the manifest itself. */
export function blobsOf(manifest: Manifest): Digest[] {
  return [manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
}

function encode(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document));
}
