// What Prometheus is told: counted where it happens, put together when somebody asks.
import { metric } from '../domain/metric.ts';
import { durationBounds } from '../router/request-tally.ts';
import type { Platform } from './context.ts';
import type { KindUse } from './disk.ts';

/** So many apps, and types of one, have labels of their own; what is beyond them is told together. */
const mostApps = 200;
const mostTypes = 20;
/** No app can be called so. */
const others = '_other';

interface Names {
  /** Undefined: gone, or not to be told. */
  app(appId: string): string | undefined;
  type(appId: string, type: string): string;
}

/** @param disk null: not known now */
export async function collectMetrics(platform: Platform, disk: readonly KindUse[] | null) {
  const names = namesOf(platform);
  const apps = metric('twelve_apps', 'gauge', 'Apps that there are.');
  apps.add({}, platform.store.apps.list().length);
  return [
    apps,
    ...requests(platform, names),
    ...processes(platform, names),
    ...builds(platform, names),
    ...(await logs(platform, names)),
    ...diskOf(disk ?? []),
    ...ownProcess(),
  ];
}

/** The oldest come first, so that an app keeps its label. */
function namesOf({ store }: Platform): Names {
  const all = [...store.apps.list()].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  const labels = new Map(all.map(({ id, name }, index) => [id, index < mostApps ? name : others] as const));
  const types = new Map<string, Set<string>>();
  return {
    app: (appId) => labels.get(appId),
    type(appId, type) {
      const known = types.get(appId) ?? new Set();
      types.set(appId, known);
      if (known.size < mostTypes) known.add(type);
      return known.has(type) ? type : others;
    },
  };
}

function requests({ router }: Platform, { app: nameOf }: Names) {
  const all = metric(
    'twelve_http_requests_total',
    'counter',
    "Requests of visitors, by what they got; 'other': no standard status.",
  );
  const errors = metric(
    'twelve_http_errors_total',
    'counter',
    'Requests that ended with one of the codes H10 to H99.',
  );
  const durations = metric(
    'twelve_http_request_duration_seconds',
    'histogram',
    'How long apps took to answer, to the last byte; without requests that ended with a code.',
  );
  for (const [appId, counts] of router.requests()) {
    const app = nameOf(appId);
    if (app === undefined) continue;
    for (const [status, count] of counts.statuses) all.add({ app, status }, count);
    for (const [code, count] of counts.codes) errors.add({ app, code }, count);
    let sum = 0;
    for (const [index, count] of counts.durations.entries()) {
      sum += count;
      durations.add({ app, le: String(durationBounds[index] ?? '+Inf') }, sum, '_bucket');
    }
    durations.add({ app }, counts.milliseconds / 1000, '_sum');
    durations.add({ app }, sum, '_count');
  }
  return [all, errors, durations];
}

function processes({ store, processes, figures }: Platform, names: Names) {
  const wanted = metric('twelve_processes_wanted', 'gauge', 'Processes that the formation asks for.');
  const there = metric(
    'twelve_processes',
    'gauge',
    'Processes of the formation that are there, by state: starting, up, idle, crashed, down.',
  );
  const crashes = metric(
    'twelve_process_crashes_total',
    'counter',
    'How often a process ended by itself, or never became ready, and was to be started again.',
  );
  const memory = metric(
    'twelve_process_memory_bytes',
    'gauge',
    'Memory that processes use, page cache left out, one-off processes included.',
  );
  const limits = metric('twelve_process_memory_limit_bytes', 'gauge', 'Memory that these processes may use.');
  for (const { id } of store.apps.list()) {
    const app = names.app(id)!;
    for (const { type, quantity } of store.formations.of(id))
      wanted.add({ app, type: names.type(id, type) }, quantity);
    for (const { type, state } of processes.status(id))
      there.add({ app, type: names.type(id, type), state }, 1);
  }
  for (const { appId, type, count } of figures.crashes()) {
    const app = names.app(appId);
    if (app !== undefined) crashes.add({ app, type: names.type(appId, type) }, count);
  }
  for (const { appId, type, usage } of figures.all()) {
    const app = names.app(appId);
    if (app === undefined) continue;
    memory.add({ app, type: names.type(appId, type) }, usage.memory);
    limits.add({ app, type: names.type(appId, type) }, usage.memoryLimit);
  }
  return [wanted, there, crashes, memory, limits];
}

function builds({ store }: Platform, names: Names) {
  const ended = metric('twelve_builds_total', 'counter', 'Builds that ended, by result: succeeded, failed.');
  const durations = metric(
    'twelve_build_duration_seconds',
    'summary',
    'How long builds took from their turn to their end.',
  );
  const pending = metric('twelve_builds_pending', 'gauge', 'Builds that run or wait for their turn.');
  pending.add({}, 0);
  for (const { appId, status, count, timed, seconds } of store.builds.totals()) {
    const app = names.app(appId);
    if (app === undefined) continue;
    if (status === 'pending') {
      pending.add({}, count);
      continue;
    }
    ended.add({ app, result: status }, count);
    durations.add({ app, result: status }, seconds, '_sum');
    durations.add({ app, result: status }, timed, '_count');
  }
  return [ended, durations, pending];
}

async function logs({ logs: station, store }: Platform, names: Names) {
  const lines = metric(
    'twelve_log_lines_total',
    'counter',
    'Lines stored in the logs of apps, since their beginning.',
  );
  const lost = metric(
    'twelve_log_lines_lost_total',
    'counter',
    'Lines of the platform itself that could not be stored.',
  );
  const lag = metric('twelve_log_drain_lag_lines', 'gauge', 'Lines that are kept and not delivered yet.');
  const delivered = metric(
    'twelve_log_drain_delivered_lines_total',
    'counter',
    'Lines that a drain has delivered.',
  );
  const dropped = metric(
    'twelve_log_drain_lost_lines_total',
    'counter',
    "Lines that the log's budget dropped before they were known to have arrived, or that no receiver took.",
  );
  const failing = metric('twelve_log_drain_failing', 'gauge', '1 while the last attempt to deliver failed.');
  // A log router that is just started again says it the next time.
  const counts = await station.counts().catch(() => ({ apps: [], drains: [] }));
  for (const { appId, stored, lost: count } of counts.apps) {
    const app = names.app(appId);
    if (app === undefined) continue;
    lines.add({ app }, stored);
    lost.add({ app }, count);
  }
  const tokens = new Map(store.logDrains.all().map(({ id, token }) => [id, token]));
  for (const one of counts.drains) {
    const [app, token] = [names.app(one.appId), tokens.get(one.id)];
    if (app === undefined || token === undefined) continue;
    const labels = { app, drain: app === others ? others : token };
    lag.add(labels, one.lag);
    delivered.add(labels, one.delivered);
    dropped.add(labels, one.lost);
    failing.add(labels, one.failure === null ? 0 : 1);
  }
  return [lines, lost, lag, delivered, dropped, failing];
}

function diskOf(kinds: readonly KindUse[]) {
  const used = metric('twelve_disk_used_bytes', 'gauge', 'What the platform keeps on disks, by kind.');
  const budgets = metric('twelve_disk_budget_bytes', 'gauge', 'What kinds that have a budget may take.');
  for (const { kind, bytes, budget } of kinds) {
    used.add({ kind }, bytes);
    if (budget !== null) budgets.add({ kind }, budget);
  }
  return [used, budgets];
}

/** Under the names that every client library gives them. */
function ownProcess() {
  const cpu = metric('process_cpu_seconds_total', 'counter', 'Processor time of the server itself.');
  const resident = metric('process_resident_memory_bytes', 'gauge', 'Memory of the server itself.');
  const heap = metric(
    'nodejs_heap_size_used_bytes',
    'gauge',
    'JavaScript heap of the server that is in use.',
  );
  const start = metric(
    'process_start_time_seconds',
    'gauge',
    'When the server was started, since the epoch.',
  );
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  cpu.add({}, (user + system) / 1e6);
  resident.add({}, rss);
  heap.add({}, heapUsed);
  // The same at each look, whatever becomes of the clock: another one stands for a restart.
  start.add({}, performance.timeOrigin / 1000);
  return [cpu, resident, heap, start];
}
