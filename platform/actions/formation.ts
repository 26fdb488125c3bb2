// Scaling: how many of each type, and how big.
import type { App } from '../domain/app.ts';
import { notFound, PlatformError } from '../domain/errors.ts';
import { type FormationEntry, findSize, parseQuantity, requireRoom, type Size } from '../domain/formation.ts';
import { parseProcessName } from '../domain/process.ts';
import { formerOf, type ProcessChange } from '../domain/process-change.ts';
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
 * All updates or none. Whether they came to be is told by the change: when their processes fail, the formation goes back.
 * @returns the changed entries
 * @throws PlatformError `not_found` for an unknown type, `invalid_params` for a bad quantity or size
 */
export async function scale(
  platform: Platform,
  app: App,
  caller: Caller,
  updates: readonly ScaleUpdate[],
  onChange: (change: ProcessChange) => void,
): Promise<StoredFormationEntry[]> {
  const { store } = platform;
  const change = store.transaction(() => storeScale(platform, app, updates));
  onChange(change);
  const changed = store.formations
    .of(app.id)
    .filter((entry) => updates.some((update) => update.type === entry.type));
  const text = changed.map((entry) => `${entry.type}@${entry.quantity}:${entry.size}`).join(' ');
  platform.logs.write(app.id, {
    source: 'twelve',
    process: 'api',
    text: `Scaled to ${text} by user ${caller.user.email}`,
  });
  await platform.processes.changes.begin(change);
  return changed;
}

function storeScale(platform: Platform, app: App, updates: readonly ScaleUpdate[]): ProcessChange {
  const { store } = platform;
  const before = formationOf(platform, app);
  const entries: FormationEntry[] = before.map((entry) => ({ ...entry }));
  for (const update of updates) apply(app, entries, update, platform.config.sizes);
  if (updates.some(({ quantity }) => quantity !== undefined))
    requireRoom(entries, (type) => settingsFor(platform, app).rollout(type) === 'overlap');
  const hidden = store.formations
    .of(app.id)
    .filter((one) => !entries.some((entry) => entry.type === one.type));
  store.formations.replace(app.id, [...entries, ...hidden]);
  const superseded = store.processChanges.pendingOf(app.id).find((one) => one.kind === 'scale');
  const types = updates.map((update) => update.type);
  const change = store.processChanges.append(app.id, {
    kind: 'scale',
    former: formerOf(before, types, superseded),
    target: null,
  });
  if (superseded) store.processChanges.supersede(superseded.id, change.id);
  return change;
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

/**
 * Replaces processes by fresh ones, one for one: all, of a type, or one.
 * @returns the change that tells how it ended; null for a one-off, which is stopped: there is nothing to replace it by
 */
export async function restart(
  platform: Platform,
  app: App,
  caller: Caller,
  target?: string,
): Promise<ProcessChange | null> {
  const what = target ?? 'all processes';
  return await replace(platform, app, target, `Restart of ${what} by user ${caller.user.email}`);
}

/** Stops a one-off for good; a process of the formation is replaced by a fresh one, as on Heroku. */
export async function stop(
  platform: Platform,
  app: App,
  caller: Caller,
  target: string,
): Promise<ProcessChange | null> {
  return await replace(platform, app, target, `Stop of ${target} by user ${caller.user.email}`);
}

async function replace(
  platform: Platform,
  app: App,
  target: string | undefined,
  text: string,
): Promise<ProcessChange | null> {
  const said = { source: 'twelve', process: 'api', text } as const;
  if (target && parseProcessName(target)?.type === 'run') {
    await platform.oneOffs.stop(app.id, target);
    platform.logs.write(app.id, said);
    return null;
  }
  requireProcess(platform, app, target);
  const change = platform.store.processChanges.append(app.id, {
    kind: 'restart',
    former: [],
    target: target ?? null,
  });
  platform.logs.write(app.id, said);
  platform.processes.changes.begin(change).catch((error: unknown) => platform.log.warn({ error }, 'restart'));
  return change;
}

/** @throws PlatformError `not_found` */
function requireProcess(platform: Platform, app: App, target: string | undefined): void {
  if (target === undefined) return;
  const status = platform.processes.status(app.id);
  if (status.some((one) => one.state !== 'down' && (one.name === target || one.type === target))) return;
  throw notFound(
    'dyno',
    `${app.name} runs no process "${target.slice(0, 60)}". "twelve ps" lists what runs.`,
  );
}
