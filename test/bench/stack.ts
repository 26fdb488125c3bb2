// The images that both sides start from, made where this engine does not have them yet.
import { readConfig } from '../../platform/config.ts';
import { createDockerEngine } from '../../platform/engine/docker.ts';
import { createImages, type ImageName } from '../../platform/engine/images.ts';
import type { Bench } from './bench.ts';

/** @returns its reference, e.g. `twelve/stack:4f1c09d2ab37` */
export const stackImage = (bench: Bench): Promise<string> => ensureImage(bench, 'stack');

export function ensureImage(bench: Bench, name: ImageName): Promise<string> {
  return bench.once(`image ${name}`, async () => {
    const config = readConfig(process.env);
    const engine = createDockerEngine({ socketPath: config.engineSocket });
    const images = createImages({ engine, proxies: config.proxies, onProgress: bench.say });
    try {
      return (await images.ensure(name, { signal: bench.signal })).reference;
    } finally {
      await images.close();
      engine.close();
    }
  });
}
