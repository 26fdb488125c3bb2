// Debian on the engine under test, under the name it has there; made where it is missing.
import { debianImage } from '../../platform/engine/base-image.ts';
import type { Engine } from '../../platform/engine/engine.ts';

/** @returns the reference of an image with a shell and the usual programs */
export function debian(engine: Engine): Promise<string> {
  return debianImage(engine, { proxies: {}, onProgress: () => {}, signal: AbortSignal.timeout(240_000) });
}
