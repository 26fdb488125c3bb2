// That a build failed, written down: at once, or as soon as the database can be written again.
import { messageOf } from '../domain/errors.ts';
import type { Platform } from './context.ts';

const againMs = 5000;

/** @returns undefined when it is stored, else when it will be; a server that stops leaves it to the next one */
export function storeFailure(
  platform: Pick<Platform, 'store' | 'log' | 'running'>,
  buildId: string,
  reason: string,
): Promise<void> | undefined {
  const stored = (): boolean => {
    try {
      platform.store.builds.fail(buildId, reason);
      return true;
    } catch (error) {
      const known = { build: buildId, error: messageOf(error) };
      platform.log.warn(known, 'the end of a build is not stored; trying again in 5 s');
      return false;
    }
  };
  const later = async (): Promise<void> => {
    do await new Promise((resolve) => setTimeout(resolve, againMs).unref());
    while (!platform.running.stops && !stored());
  };
  return stored() ? undefined : later();
}
