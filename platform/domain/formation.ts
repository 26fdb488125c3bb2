// The formation: how many processes of each type run, and how big one is. Not part of a release.
import { PlatformError } from './errors.ts';

export interface Size {
  name: string;
  /** Memory limit in MB (1 MB = 1,048,576 bytes). */
  memoryMb: number;
  /** CPU weight relative to standard-1x = 1. */
  cpuShare: number;
  /** Processes and threads. */
  pids: number;
  /** File descriptors that one process may have open. */
  openFiles: number;
}

/** Default sizes; an operator may define more. */
export const defaultSizes: readonly Size[] = [
  { name: 'standard-1x', memoryMb: 512, cpuShare: 1, pids: 256, openFiles: 10_000 },
  { name: 'standard-2x', memoryMb: 1024, cpuShare: 2, pids: 512, openFiles: 10_000 },
  { name: 'performance-m', memoryMb: 2560, cpuShare: 8, pids: 16384, openFiles: 65_536 },
  { name: 'performance-l', memoryMb: 14336, cpuShare: 32, pids: 32768, openFiles: 65_536 },
];
export const defaultSizeName = 'standard-1x';

export interface FormationEntry {
  type: string;
  quantity: number;
  size: string;
}

export const maxQuantity = 100;
/** Processes for which an app's network (a /25: 126 addresses, one of them the bridge's) has addresses, and room for one-offs. */
const maxAddresses = 120;

/**
 * Whether all of them fit into the app's network, twice where they overlap: their successors start beside them.
 * @throws PlatformError `invalid_params`
 */
export function requireRoom(entries: readonly FormationEntry[], overlaps: (type: string) => boolean): void {
  const list = entries.filter(({ quantity }) => quantity > 0);
  const needed = list.reduce((sum, { type, quantity }) => sum + quantity * (overlaps(type) ? 2 : 1), 0);
  if (needed <= maxAddresses) return;
  const twice = list.flatMap(({ type }) => (overlaps(type) ? [type] : []));
  const why =
    twice.length > 0
      ? `: processes of ${twice.join(' and ')} count twice, since deploys start the new ones beside the old (rollout.${twice.at(-1)}=overlap)`
      : '';
  throw new PlatformError(
    'invalid_params',
    `${list.map(({ type, quantity }) => `${type}=${quantity}`).join(' ')} needs ${needed} addresses, and an app's network has ${maxAddresses}${why}.`,
  );
}

/** @throws PlatformError `invalid_params` listing the sizes there are */
export function findSize(name: string, sizes: readonly Size[]): Size {
  const found = sizes.find((size) => size.name === name.toLowerCase());
  if (!found) {
    throw new PlatformError(
      'invalid_params',
      `There is no size "${name.slice(0, 40)}". Sizes: ${sizes.map((size) => size.name).join(', ')}.`,
    );
  }
  return found;
}

/**
 * The quantity meant by `3`, `"3"`, `"+1"` or `"-2"` (the CLI sends text).
 * @throws PlatformError `invalid_params`: not a whole number, below 0, above the limit
 */
export function parseQuantity(value: number | string, current: number, type: string): number {
  const text = String(value).trim();
  if (!/^[+-]?\d{1,9}$/.test(text)) {
    throw new PlatformError(
      'invalid_params',
      `"${text.slice(0, 20)}" is not a number of processes for ${type}. Use a whole number such as 2, +1 or -1.`,
    );
  }
  const relative = /^[+-]/.test(text) && typeof value === 'string';
  const quantity = relative ? current + Number(text) : Number(text);
  if (quantity < 0) {
    throw new PlatformError(
      'invalid_params',
      `${type} cannot run ${quantity} processes. Scale to 0 to stop them all.`,
    );
  }
  if (quantity > maxQuantity) {
    throw new PlatformError(
      'invalid_params',
      `${type} cannot run ${quantity} processes: the limit is ${maxQuantity} per type.`,
    );
  }
  return quantity;
}

/**
 * The formation with the types of a new slug added: an app's first gets web=1, every other new type 0.
 * Types the slug lacks stay until its release serves, since the one before may have to go on.
 */
export function formationWith(
  types: readonly string[],
  current: readonly FormationEntry[],
): FormationEntry[] {
  const first = current.length === 0;
  const added = types
    .filter((type) => !current.some((entry) => entry.type === type))
    .map((type) => ({ type, quantity: first && type === 'web' ? 1 : 0, size: defaultSizeName }));
  return [...current, ...added];
}
