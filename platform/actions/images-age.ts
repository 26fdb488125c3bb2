// How old Debian's packages are in the images that the router and apps run on, and which apps stand on a stack of before.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { areOld, daysBetween, howToRenew } from '../domain/images-epoch.ts';
import { serverImages } from '../engine/images.ts';
import type { Platform } from './context.ts';

export interface ImagesAge {
  /** null: no image is there. */
  packagesAsOf: string | null;
  /** Names of apps whose next deploy gives them another stack. */
  appsBehind: string[];
}

export async function imagesAge(platform: Platform): Promise<ImagesAge> {
  const [packagesAsOf, current] = await Promise.all([platform.packagesAsOf(), platform.currentImages()]);
  return { packagesAsOf, appsBehind: appsBehind(platform, current[serverImages.indexOf('stack')]) };
}

/** A slug stands on the stack that it was built with for as long as it is kept: decision 75. */
function appsBehind({ store }: Platform, stack: string | undefined): string[] {
  if (stack === undefined) return [];
  const isBehind = (id: string, serving: number | null): boolean => {
    const slugId = serving === null ? null : store.releases.byVersion(id, serving)?.slugId;
    const slug = slugId ? store.slugs.byId(slugId) : undefined;
    return slug !== undefined && slug.stackImage !== stack;
  };
  return store.apps
    .list()
    .filter(({ id, servingVersion }) => isBehind(id, servingVersion))
    .map(({ name }) => name);
}

const weekMs = 7 * 24 * 60 * 60 * 1000;

/** Says so at the start, and again each week, where they are old. Never throws. */
export async function watchImages(platform: Platform, signal: AbortSignal, everyMs = weekMs): Promise<void> {
  while (!signal.aborted) {
    await sayWhenOld(platform);
    await sleep(everyMs, undefined, { ref: false, signal }).catch(() => undefined);
  }
}

async function sayWhenOld({ packagesAsOf, log }: Platform): Promise<void> {
  try {
    const asOf = await packagesAsOf();
    const now = new Date().toISOString();
    if (asOf === null || !areOld(asOf, now)) return;
    log.warn(
      { asOf },
      `Debian's packages in the images that the router and apps run on are ${daysBetween(asOf, now)} days old, and newer ones may mend security holes. ${howToRenew}`,
    );
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'looking at how old the images are');
  }
}
