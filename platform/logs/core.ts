// The log router itself, in one thread: followers fill app logs, queries and tails read them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { ResolveSafely } from '../domain/address.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { DrainStatus } from '../domain/log-drain.ts';
import { type LogFilter, linesLost, type StoredLine } from '../domain/log-line.ts';
import { type AppLog, openAppLog } from './app-log.ts';
import { createDrains, type DrainOrder } from './drains/drains.ts';
import { createEntryDecoder } from './entries.ts';
import { type Container, createFollower, type Follower } from './follow.ts';
import { createFrameBuilder } from './format.ts';
import { findNewest } from './newest.ts';
import { type PackedLines, type PackedRun, unpack } from './packed.ts';
import { createPresser } from './press.ts';
import { createPump } from './pump.ts';
import { gatherObjects, type Hits, readForward } from './reader.ts';
import { type LineShape, type ShownLines, showLines } from './shown.ts';
import { openTail, type Tail, type TailBatch, type TailQuery } from './tail.ts';

export interface LogNeeds {
  folder: string;
  budgetBytes: number;
  routerShare: number;
  /** Looks up where a drain leads, and refuses what is not to be gone to; without it no drain leads anywhere. */
  resolve?: ResolveSafely;
  /** Certificate authorities of drains' receivers beside the usual ones, as PEM. */
  caFile?: string | null;
  onProblem: (message: string) => void;
}

/** Of the apps whose log was used since the start, and of all drains. */
export interface LogCounts {
  /** @property stored since the app's beginning; @property lost of the platform's own lines, since ours */
  apps: { appId: string; stored: number; lost: number }[];
  drains: (DrainStatus & { appId: string })[];
}

/** What the worker thread does for the main one; all of it may be called across the two. */
export interface LogCore {
  follow(container: Container): void;
  drained(containerId: string): Promise<void>;
  write(lines: PackedLines): void;
  read(appId: string, query: { lines: number; filter: LogFilter }): Promise<StoredLine[]>;
  openTail(id: number, appId: string, query: TailQuery, shape: LineShape): void;
  nextOfTail(id: number): Promise<TailBatch<ShownLines>>;
  closeTail(id: number): void;
  openDrain(order: DrainOrder): void;
  removeDrain(id: string): Promise<void>;
  drainsOf(appId: string): DrainStatus[];
  counts(): LogCounts;
  remove(appId: string): Promise<void>;
  close(): Promise<void>;
}

const chunkBytes = 512 * 1024;

export function createLogCore({ folder, budgetBytes, routerShare, ...needs }: LogNeeds): LogCore {
  const { onProblem } = needs;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logs = new Map<string, AppLog>();
  const followers = new Map<string, Follower>();
  const ending = new Map<string, Promise<void>>();
  const tails = new Map<number, { tail: Tail<ShownLines>; appId: string }>();
  const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
  const presser = createPresser();
  const decoder = createEntryDecoder();
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const pump = createPump((follower, message) =>
    onProblem(
      `The log of ${follower.container.process} cannot be followed for now: ${message}. It is tried again every second; nothing is lost while the engine keeps it (${follower.container.logPath}).`,
    ),
  );
  const drains = createDrains({ ...needs, logOf, folderOf });
  const unwritten = new Map<string, number>();
  const lostLines = new Map<string, number>();
  /** What still arrives for an app that is gone is dropped; ids are never used again. */
  const removed = new Set<string>();

  function logOf(appId: string): AppLog {
    const known = logs.get(appId);
    if (known) return known;
    const opened = openAppLog({ folder: folderOf(appId), budgetBytes, routerShare, builders, presser });
    logs.set(appId, opened);
    return opened;
  }

  function folderOf(appId: string): string {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(appId))
      throw new PlatformError('invalid_params', `"${appId.slice(0, 64)}" is not the id of an app.`);
    return join(folder, appId);
  }

  function follow(container: Container): void {
    if (followers.has(container.id) || removed.has(container.appId)) return;
    const follower = createFollower({ container, log: logOf(container.appId), decoder, chunk, onProblem });
    followers.set(container.id, follower);
    pump.add(follower);
  }

  function drained(id: string): Promise<void> {
    const follower = followers.get(id);
    if (!follower) return Promise.resolve();
    const known = ending.get(id);
    if (known) return known;
    const done = finish(follower).finally(() => {
      followers.delete(id);
      ending.delete(id);
    });
    ending.set(id, done);
    return done;
  }

  /** The engine's copy goes away next, so ours has to be on the disk. */
  async function finish(follower: Follower): Promise<void> {
    await pump.finish(follower);
    try {
      await logs.get(follower.container.appId)?.sync();
    } catch (error) {
      onProblem(`The log of ${follower.container.process} may not be on the disk: ${messageOf(error)}.`);
    }
  }

  function write(lines: PackedLines): void {
    for (const run of unpack(lines)) if (!removed.has(run.appId)) writeTo(run);
  }

  function writeTo({ appId, count, each }: PackedRun): void {
    const lost = unwritten.get(appId) ?? 0;
    try {
      logOf(appId).append((batch) => {
        if (lost > 0) batch.text('twelve', 'logs', `${linesLost(lost)}: the disk took nothing.`);
        each((source, name, time, text, start, end) => {
          batch.long(source, name, time, text, start, end);
          if (batch.full()) batch.endFrame();
        });
      });
      unwritten.delete(appId);
    } catch (error) {
      if (lost === 0) onProblem(`Lines of the platform cannot be stored: ${messageOf(error)}.`);
      unwritten.set(appId, lost + count);
      lostLines.set(appId, (lostLines.get(appId) ?? 0) + count);
    }
  }

  async function read(appId: string, query: { lines: number; filter: LogFilter }): Promise<StoredLine[]> {
    const log = logOf(appId);
    const until = log.last();
    const hits: Hits = new Map();
    const after = await findNewest(log, query.lines, query.filter, breathe, hits);
    const reader = readForward(log, after, query.filter, gatherObjects(), hits);
    const found: StoredLine[] = [];
    for (;;) {
      const { lines, more } = reader.skim(1000, until);
      found.push(...lines);
      if (!more) return found;
      await breathe();
    }
  }

  function closeTail(id: number): void {
    tails.get(id)?.tail.close();
    tails.delete(id);
  }

  return {
    follow,
    drained,
    write,
    read,
    openTail(id, appId, query, shape) {
      tails.set(id, { tail: openTail(logOf(appId), query, showLines(shape)), appId });
    },
    nextOfTail: async (id) => (await tails.get(id)?.tail.next()) ?? { end: true },
    closeTail,
    openDrain: (order) => void (removed.has(order.appId) || drains.open(order)),
    removeDrain: drains.remove,
    drainsOf: drains.ofApp,
    counts: () => ({
      apps: [...logs].map(([appId, log]) => ({ appId, stored: log.last(), lost: lostLines.get(appId) ?? 0 })),
      drains: drains.all(),
    }),
    async remove(appId) {
      await drains.removeApp(appId);
      const log = logOf(appId);
      removed.add(appId);
      logs.delete(appId);
      for (const follower of followers.values()) {
        if (follower.container.appId !== appId) continue;
        pump.drop(follower);
        followers.delete(follower.container.id);
      }
      for (const [id, one] of tails) if (one.appId === appId) closeTail(id);
      await log.remove();
    },
    async close() {
      await Promise.all([pump.close(), presser.close()]);
      await drains.close();
      for (const id of tails.keys()) closeTail(id);
      await Promise.all([...logs.values()].map((log) => log.sync().then(() => log.close())));
    },
  };
}
