// Scaling: how many of each type, and how big.
import type { App } from '../domain/app.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import { type FormationEntry, findSize, parseQuantity, requireRoom, type Size } from '../domain/formation.ts';
import { parseProcessName } from '../domain/process.ts';
import type { StoredFormationEntry } from '../store/formation.ts';
import type { Caller, Platform } from './context.ts';
import { settingsFor } from './settings.ts';

export interface ScaleUpdate {
  type: string;
  quantity?: number | string | undefined;
  size?: string | undefined;
}

/** The formation as users see it: of the types that the newest code has. Others are kept for a rollback. */
export function formationOf(platform: Platform, app: App): StoredFormationEntry[] {
  const base = platform.store.releases.base(app.id);
  const types = (base?.slugId && platform.store.slugs.byId(base.slugId)?.processTypes) || {};
  return platform.store.formations.of(app.id).filter((entry) => Object.hasOwn(types, entry.type));
}

/**
 * All updates or none.
 * @returns the changed entries
 * @throws PlatformError `not_found` for an unknown type, `invalid_params` for a bad quantity or size
 */
export async function scale(
  platform: Platform,
  app: App,
  caller: Caller,
  updates: readonly ScaleUpdate[],
): Promise<StoredFormationEntry[]> {
  const { store } = platform;
  store.transaction(() => {
    const entries: FormationEntry[] = formationOf(platform, app);
    for (const update of updates) apply(app, entries, update, platform.config.sizes);
    if (updates.some(({ quantity }) => quantity !== undefined))
      requireRoom(entries, (type) => settingsFor(platform, app).rollout(type) === 'overlap');
    const hidden = store.formations
      .of(app.id)
      .filter((one) => !entries.some((entry) => entry.type === one.type));
    store.formations.replace(app.id, [...entries, ...hidden]);
  });
  const changed = store.formations
    .of(app.id)
    .filter((entry) => updates.some((update) => update.type === entry.type));
  const text = changed.map((entry) => `${entry.type}@${entry.quantity}:${entry.size}`).join(' ');
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Scaled to ${text} by user ${caller.user.email}`,
  });
  await platform.processes.changed(app.id);
  return changed;
}

function apply(app: App, entries: FormationEntry[], update: ScaleUpdate, sizes: readonly Size[]): void {
  const entry = entries.find((one) => one.type === update.type);
  if (entries.length === 0)
    throw new PlatformError(
      'invalid_params',
      `${app.name} has no process types yet. Push first: git push platform main`,
    );
  if (!entry) {
    throw notFound(
      'formation',
      `${app.name} has no process type "${update.type.slice(0, 60)}". Its types: ${entries.map((one) => one.type).join(', ')}.`,
    );
  }
  if (update.type === 'release' && update.quantity !== undefined && Number(update.quantity) !== 0) {
    throw new PlatformError(
      'invalid_params',
      'The release process runs once per release and cannot be scaled.',
    );
  }
  if (update.quantity !== undefined)
    entry.quantity = parseQuantity(update.quantity, entry.quantity, entry.type);
  if (update.size !== undefined) entry.size = findSize(update.size, sizes).name;
}

/** Replaces processes by fresh ones, one for one: all, of a type, or one. */
export async function restart(platform: Platform, app: App, caller: Caller, target?: string): Promise<void> {
  // A one-off is not replaced: there is nothing to replace it by.
  if (target && parseProcessName(target)?.type === 'run') await platform.oneOffs.stop(app.id, target);
  else platform.processes.restart(app.id, target);
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Restart of ${target ?? 'all processes'} by user ${caller.user.email}`,
  });
}

/** Stops a one-off for good; a process of the formation is replaced by a fresh one, as on Heroku. */
export async function stop(platform: Platform, app: App, caller: Caller, target: string): Promise<void> {
  if (parseProcessName(target)?.type === 'run') await platform.oneOffs.stop(app.id, target);
  else if (platform.processes.status(app.id).some((one) => one.name === target || one.type === target))
    platform.processes.restart(app.id, target);
  else
    throw notFound(
      'dyno',
      `${app.name} runs no process "${target.slice(0, 60)}". "twelve ps" lists what runs.`,
    );
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Stop of ${target} by user ${caller.user.email}`,
  });
}
