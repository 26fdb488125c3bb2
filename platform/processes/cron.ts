// Cron: waits for the next due run of all apps' entries, and tells what nobody was there to start.
import type { App } from '../domain/app.ts';
import type { CronEntry, CronPause, CronStatus, MissedRuns } from '../domain/cron.ts';
import { messageOf, notFound } from '../domain/errors.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { Store } from '../store/store.ts';
import { type CronRunNeeds, type CronRuns, createCronRuns, iso, shown } from './cron-runs.ts';
import { dueNow, nextDue } from './cron-schedule.ts';

export interface CronNeeds extends CronRunNeeds {
  store: Pick<Store, 'apps' | 'releases' | 'slugs' | 'cron' | 'transaction'>;
  onProblem(message: string): void;
}

export interface Cron {
  /** At start, when what runs is known: tells what was missed, and waits from now on. */
  begin(): Promise<void>;
  /** Its release, its maintenance mode, or what is suspended of it changed; or it is gone. */
  changed(appId: string): void;
  /** Entries of the serving release, in their order. */
  status(app: App): CronStatus[];
  /** @throws PlatformError `not_found`, `conflict` when the policy forbids it now */
  run(app: App, entryId: string): Promise<ProcessStatus>;
  ended: CronRuns['ended'];
  /** Starts nothing any more; what runs goes on. */
  close(): void;
}

interface Watch {
  appId: string;
  entry: CronEntry;
  until: number;
  /** null: never again. */
  next: number | null;
}

/** A clock may be set, and a machine may sleep: nobody tells us, so we look again. */
const longestWaitMs = 60_000;
/** After something failed. */
const againMs = 5000;

export function createCron(needs: CronNeeds): Cron {
  const { store, logs, now } = needs;
  const runs = createCronRuns(needs);
  /** By app. */
  const watches = new Map<string, Watch[]>();
  /** Apps whose entries could not be looked up. */
  const stale = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let state: 'new' | 'waiting' | 'closed' = 'new';

  function entriesOf(app: App): readonly CronEntry[] {
    const release =
      app.servingVersion === null ? undefined : store.releases.byVersion(app.id, app.servingVersion);
    const slug = release?.slugId ? store.slugs.byId(release.slugId) : undefined;
    return slug?.declared.cron ?? [];
  }

  function status(app: App): CronStatus[] {
    const records = store.cron.ofApp(app.id);
    const allSuspended = store.cron.isSuspended(app.id);
    return entriesOf(app).map((entry) => {
      const record = records.get(entry.id) ?? newRecord(entry.id);
      const suspended = allSuspended || (record.suspended ?? entry.maintenance);
      const pause: CronPause | null = suspended ? 'suspended' : app.maintenance ? 'maintenance' : null;
      const next = pause ? null : nextDue(entry, Math.max(now(), timeOf(record.watchedUntil) ?? 0));
      return { entry, record, pause, nextAt: next === null ? null : iso(next) };
    });
  }

  /** What is not waited for any more begins anew later: nothing of the time in between counts as missed. */
  function watch(appId: string): void {
    const app = store.apps.byId(appId);
    const wanted = app ? status(app).filter(({ pause }) => pause === null) : [];
    const made = store.transaction(() => {
      const ids = new Set(wanted.map(({ entry }) => entry.id));
      for (const { entryId, watchedUntil } of store.cron.ofApp(appId).values())
        if (watchedUntil !== null && !ids.has(entryId)) store.cron.watch(appId, entryId, null);
      return wanted.map(({ entry, record }): Watch => {
        const until = timeOf(record.watchedUntil) ?? now();
        if (record.watchedUntil === null) store.cron.watch(appId, entry.id, iso(until));
        return { appId, entry, until, next: nextDue(entry, until) };
      });
    });
    if (made.length > 0) watches.set(appId, made);
    else watches.delete(appId);
  }

  /** A store that cannot be written for a while must neither fail a release that serves nor stop the clock. */
  function attempt(what: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      needs.onProblem(`${what}: ${messageOf(error)}; trying again`);
      return false;
    }
  }

  function watchSoon(appId: string): void {
    if (attempt('Cron', () => watch(appId))) stale.delete(appId);
    else stale.add(appId);
  }

  /** @param why what is missed was missed */
  function look(why: string): void {
    for (const appId of [...stale]) watchSoon(appId);
    const all = [...watches.values()].flat();
    const failed = all.filter((one) => !attempt(`Cron entry ${one.entry.id}`, () => lookAt(one, why)));
    wait(failed.length > 0 ? againMs : 0);
  }

  function lookAt(one: Watch, why: string): void {
    const { appId, entry } = one;
    const due = dueNow(entry, one.until, now());
    if (!due) return;
    const { run, missed, watchedUntil } = due;
    // Written first: what is begun or told is never begun or told again.
    store.transaction(() => {
      store.cron.watch(appId, entry.id, iso(watchedUntil));
      if (missed) store.cron.missed(appId, entry.id, missed);
      if (run !== null) store.cron.takeOn(appId, entry.id, iso(run));
    });
    one.until = watchedUntil;
    one.next = nextDue(entry, watchedUntil);
    if (missed)
      logs.write(appId, { source: 'twelve', process: 'cron', text: missedSentence(entry, missed, why) });
    const app = run === null ? undefined : store.apps.byId(appId);
    if (app) void runs.due(app, entry, run!).catch((error: unknown) => needs.onProblem(messageOf(error)));
  }

  /** Runs that a server before us took on and did not come to: it looked at their entries, and they are looked at anew. */
  function takeUp(): void {
    store.transaction(() => {
      const all = store.cron.waiting();
      for (const { appId, entryId, dueAt } of all) store.cron.dealtWith(appId, entryId, dueAt);
      const entries = new Map(all.map((one) => [`${one.appId} ${one.entryId}`, one]));
      for (const { appId, entryId } of entries.values()) {
        const dues = all.filter((one) => one.appId === appId && one.entryId === entryId);
        // Those that were due later waited behind the first.
        const before = iso(Date.parse(dues[0]!.dueAt) - 1);
        const watched = store.cron.ofApp(appId).get(entryId)?.watchedUntil ?? null;
        if (watched !== null) store.cron.watch(appId, entryId, before);
        else if (store.apps.byId(appId)) for (const { dueAt } of dues) tellLost(appId, entryId, dueAt);
      }
    });
  }

  /** Nobody waits for its entry any more, but it was due when somebody did. */
  function tellLost(appId: string, entryId: string, dueAt: string): void {
    const text = `Missed 1 run of ${entryId} due ${shown(Date.parse(dueAt))}: the server was stopped before it began`;
    logs.write(appId, { source: 'twelve', process: 'cron', text });
  }

  function wait(least = 0): void {
    clearTimeout(timer);
    if (state !== 'waiting' || watches.size + stale.size === 0) return;
    const nexts = [...watches.values()].flat().flatMap(({ next }) => next ?? []);
    const longest = stale.size > 0 ? againMs : longestWaitMs;
    const delay = Math.min(longest, Math.max(least, Math.min(...nexts) - now()));
    timer = setTimeout(() => look('the clock was set, or the machine slept'), delay);
    timer.unref();
  }

  return {
    async begin() {
      await runs.settle().catch((error: unknown) => needs.onProblem(`Cron: ${messageOf(error)}`));
      attempt('Cron', takeUp);
      for (const { id } of store.apps.list()) watchSoon(id);
      state = 'waiting';
      look('the server was not running');
    },
    changed(appId) {
      if (state !== 'waiting') return;
      watchSoon(appId);
      wait();
    },
    status,
    async run(app, entryId) {
      return await runs.wanted(app, findEntry(app, entriesOf(app), entryId));
    },
    ended: runs.ended,
    close() {
      state = 'closed';
      runs.close();
      clearTimeout(timer);
    },
  };
}

/** @throws PlatformError `not_found` */
export function findEntry(app: App, entries: readonly CronEntry[], id: string): CronEntry {
  const found = entries.find((entry) => entry.id === id);
  if (found) return found;
  throw notFound(
    'cron',
    `${app.name} has no cron entry "${id.slice(0, 60)}". "twelve cron" lists those of the release that serves.`,
  );
}

function missedSentence(entry: CronEntry, { count, more, from, to }: MissedRuns, why: string): string {
  const number = `${more ? 'more than ' : ''}${count} ${count === 1 ? 'run' : 'runs'}`;
  const when =
    from === to
      ? `due ${shown(Date.parse(from))}`
      : `between ${shown(Date.parse(from))} and ${shown(Date.parse(to))}`;
  return `Missed ${number} of ${entry.id} (${entry.command.split('\n')[0]!.slice(0, 100)}) ${when}: ${why}. Run it now: twelve cron:run ${entry.id}`;
}

function newRecord(entryId: string): CronStatus['record'] {
  return { entryId, watchedUntil: null, suspended: null, run: null, skipped: 0, missed: null };
}

const timeOf = (text: string | null): number | null => (text === null ? null : Date.parse(text));
