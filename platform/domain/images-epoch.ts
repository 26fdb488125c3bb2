// Since when Debian's packages in our images are at least, as an operator sets it; and when they count as old.

/** A day, or a minute: `2026-11-28`, `2026-11-28T20:31Z`. */
export function isEpoch(text: string): boolean {
  return /^\d{4}-\d\d-\d\d(T\d\d:\d\dZ)?$/.test(text) && !Number.isNaN(Date.parse(text));
}

const dayMs = 24 * 60 * 60 * 1000;
const oldAfterDays = 60;

/** @returns whole days between two times in ISO form */
export function daysBetween(from: string, to: string): number {
  return Math.floor((Date.parse(to) - Date.parse(from)) / dayMs);
}

export function areOld(asOf: string, now: string): boolean {
  return daysBetween(asOf, now) > oldAfterDays;
}

export const howToRenew =
  "Make them with Debian's newest packages, on the server's machine: scripts/install --fresh-images, or where the platform is no service scripts/setup --fresh-images and a new start.";
