// Runs of cron entries: one-off processes, begun as the entry's policy says, and what became of them.
import { randomUUID } from 'node:crypto';
import type { App } from '../domain/app.ts';
import type { CronEntry } from '../domain/cron.ts';
import { hasCode, messageOf, PlatformError } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { Store } from '../store/store.ts';
import type { CronMark, CronProcess } from './cron-mark.ts';
import type { ProcessNeeds } from './needs.ts';

export interface CronRunNeeds {
  store: Pick<Store, 'cron' | 'transaction'>;
  logs: Pick<ProcessNeeds['logs'], 'write'>;
  /** Starts a one-off of the serving release. */
  start(app: App, entry: CronEntry, mark: CronMark): Promise<ProcessStatus>;
  /** What cron started and what is still there. */
  started(): Promise<CronProcess[]>;
  /** SIGTERM, then SIGKILL. */
  stop(appId: string, process: string): Promise<void>;
  now(): number;
}

export interface CronRuns {
  /** One that was due; whatever comes of it is told in the log and kept. */
  due(app: App, entry: CronEntry, dueAt: number): Promise<void>;
  /** One that somebody wants now. @throws PlatformError `conflict` when the policy forbids it */
  wanted(app: App, entry: CronEntry): Promise<ProcessStatus>;
  /** The process of a run has ended; without a status it is not known how. */
  ended(process: CronProcess, status: number | null): void;
  /** At start: runs that a server before us began and of which nothing is left. */
  settle(): Promise<void>;
  /** Nothing is begun any more: what waits for its turn is the next server's. */
  close(): void;
}

export function createCronRuns(needs: CronRunNeeds): CronRuns {
  const { store, logs } = needs;
  /** By entry: two runs of one never begin at the same time. */
  const turns = new Map<string, Promise<unknown>>();
  let closed = false;
  const say = (appId: string, text: string): void =>
    logs.write(appId, { source: 'twelve', process: 'cron', text });

  function inTurn<T>(appId: string, entry: CronEntry, work: () => Promise<T>): Promise<T> {
    const key = `${appId} ${entry.id}`;
    const turn = (turns.get(key) ?? Promise.resolve()).catch(() => undefined).then(work);
    turns.set(key, turn);
    const over = (): void => void (turns.get(key) === turn && turns.delete(key));
    turn.then(over, over);
    return turn;
  }

  async function still(app: App, entry: CronEntry): Promise<CronProcess[]> {
    if (entry.policy === 'allow') return [];
    const all = await needs.started();
    return all.filter((one) => one.running && one.appId === app.id && one.entry === entry.id);
  }

  async function replace(app: App, before: readonly CronProcess[]): Promise<void> {
    for (const { process } of before) {
      logs.write(app.id, {
        source: 'twelve',
        process,
        text: 'Stopping: the next run of its cron entry begins (concurrency_policy replace)',
      });
      await needs.stop(app.id, process).catch((error: unknown) => {
        // It ended by itself meanwhile.
        if (!hasCode(error, 'not_found')) throw error;
      });
    }
  }

  /** Kept before it is begun: a server that is killed in between has it told by the next one. */
  async function begin(app: App, entry: CronEntry, dueAt: number | null): Promise<ProcessStatus> {
    const id = randomUUID();
    store.transaction(() => {
      dealtWith(app, entry, dueAt);
      store.cron.began(app.id, entry.id, {
        id,
        dueAt: dueAt === null ? null : iso(dueAt),
        startedAt: iso(needs.now()),
      });
    });
    try {
      const process = await needs.start(app, entry, { entry: entry.id, run: id });
      store.cron.named(app.id, id, process.name);
      const why = dueAt === null ? 'on request' : `due ${shown(dueAt)}`;
      say(app.id, `Run of ${entry.id}, ${why}: ${process.name}`);
      return process;
    } catch (error) {
      store.cron.ended(app.id, id, { process: null, status: null, failure: messageOf(error) });
      throw error;
    }
  }

  function dealtWith(app: App, entry: CronEntry, dueAt: number | null): void {
    if (dueAt !== null) store.cron.dealtWith(app.id, entry.id, iso(dueAt));
  }

  /** As the policy says; where it forbids one more, `forbidden` has the word. */
  function next<T>(
    app: App,
    entry: CronEntry,
    dueAt: number | null,
    forbidden: (before: readonly CronProcess[]) => T,
  ): Promise<ProcessStatus | T> {
    return inTurn(app.id, entry, async () => {
      const before = await still(app, entry);
      if (before.length > 0 && entry.policy === 'forbid') return forbidden(before);
      await replace(app, before);
      if (closed) throw new PlatformError('cancelled', 'The server is stopping.');
      return await begin(app, entry, dueAt);
    });
  }

  return {
    async due(app, entry, dueAt) {
      const name = `The run of ${entry.id} due ${shown(dueAt)}`;
      await next(app, entry, dueAt, (before) => {
        store.transaction(() => {
          dealtWith(app, entry, dueAt);
          store.cron.skipped(app.id, entry.id);
        });
        say(app.id, `${name} was left out: ${names(before)} still runs (concurrency_policy forbid)`);
      }).catch((error: unknown) => {
        if (closed) return;
        say(app.id, `${name} was not started: ${messageOf(error)}`);
        dealtWith(app, entry, dueAt);
      });
    },
    close() {
      closed = true;
    },
    wanted: (app, entry) =>
      next(app, entry, null, (before): never => {
        throw new PlatformError(
          'conflict',
          `${names(before)} still runs, and the entry's concurrency_policy is forbid. Wait for its end, or stop it: twelve ps:stop ${before[0]!.process} -a ${app.name}`,
        );
      }),
    ended({ appId, run, process }, status) {
      const failure = status === null ? 'it is not known how it ended' : null;
      store.cron.ended(appId, run, { process, status, failure });
    },
    async settle() {
      const unended = store.cron.unended();
      if (unended.length === 0) return;
      const there = new Set((await needs.started()).map(({ run }) => run));
      for (const { appId, entryId, run } of unended.filter((one) => !there.has(one.run.id))) {
        const when = run.dueAt === null ? 'asked for' : 'due';
        const failure = run.process
          ? 'it is not known how it ended'
          : 'the server was stopped before it began';
        if (!store.cron.ended(appId, run.id, { process: null, status: null, failure })) continue;
        say(
          appId,
          `The run of ${entryId} ${when} ${shown(Date.parse(run.dueAt ?? run.startedAt))}: ${failure}`,
        );
      }
    },
  };
}

export const iso = (time: number): string => new Date(time).toISOString();
const names = (processes: readonly CronProcess[]): string =>
  processes.map(({ process }) => process).join(', ');

/** As all times in the log: UTC, to the second. */
export const shown = (time: number): string => `${iso(time).slice(0, 19)}Z`;
