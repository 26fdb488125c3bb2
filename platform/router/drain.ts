// Servers that were taken out: watched until nobody uses them, cut at the deadline, then deleted from HAProxy.
import { setTimeout as delay } from 'node:timers/promises';
import { parseFigures } from './replies.ts';
import type { OldWorker, Runtime } from './runtime.ts';

export interface Drains {
  /** Resolves when each of these servers is unused and deleted, or wanted again. Never after `close`. */
  watch(paths: readonly string[]): Promise<void>;
  close(): void;
}

export interface DrainNeeds {
  runtime: Runtime;
  drainMs: number;
  /** Whether the server is (again) among those that should be there. */
  isWanted(path: string): boolean;
  /** Deletes it between changes. @returns whether it is gone; false when it is still in use, or wanted again */
  takeAway(path: string): Promise<boolean>;
}

const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 250;
/** Past the deadline by this much without an answer of HAProxy, there is nobody left who could be served. */
const GIVE_UP_MS = 30_000;

export function createDrains(needs: DrainNeeds): Drains {
  const closing = new AbortController();

  async function watch(paths: readonly string[]): Promise<void> {
    const deadline = Date.now() + needs.drainMs;
    let left = paths;
    let pause = FIRST_LOOK_MS;
    while (left.length > 0) {
      left = await look(needs, left, Date.now() >= deadline).catch(() => left);
      if (left.length === 0 || Date.now() > deadline + GIVE_UP_MS) return;
      // After close nobody may conclude that a process is unused: this never returns then.
      await delay(pause, undefined, { signal: closing.signal }).catch(() => new Promise(() => {}));
      pause = Math.min(pause * 1.5, LONGEST_LOOK_MS);
    }
  }

  return { watch, close: () => closing.abort() };
}

/** @returns the servers that are still in use */
async function look(needs: DrainNeeds, paths: readonly string[], cut: boolean): Promise<string[]> {
  const { runtime } = needs;
  const old = await runtime.oldWorkers();
  const left: string[] = [];
  const leaving = paths.filter((path) => !needs.isWanted(path));
  for (const [backend, servers] of byBackend(leaving)) {
    const question = `show stat ${backend} 4 -1`;
    const now = parseFigures(await runtime.ask(question));
    const before = await Promise.all(
      old.map(async (worker) => parseFigures(await runtime.askOld(worker, question).catch(() => ''))),
    );
    for (const path of servers) {
      const all = [now, ...before].map((figures) => figures.get(path));
      const open = all.reduce((sum, figures) => sum + (figures ? figures.sessions + figures.queued : 0), 0);
      if (open === 0 && (await needs.takeAway(path))) continue;
      left.push(path);
      if (cut) await cutSessions(runtime, old, path);
    }
  }
  return left;
}

async function cutSessions(runtime: Runtime, old: readonly OldWorker[], path: string): Promise<void> {
  const command = `shutdown sessions server ${path}`;
  await runtime.ask(command);
  for (const worker of old) await runtime.askOld(worker, command).catch(() => undefined);
}

function byBackend(paths: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const backend = path.slice(0, path.indexOf('/'));
    groups.set(backend, [...(groups.get(backend) ?? []), path]);
  }
  return groups;
}
