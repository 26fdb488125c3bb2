// Memory and processor time of everything that runs for apps: sampled for the quota, read anew for whoever asks.
import { setTimeout as delay } from 'node:timers/promises';
import type { RuntimeCode } from '../domain/code.ts';
import { hasCode, messageOf } from '../domain/errors.ts';
import type { Size } from '../domain/formation.ts';
import type { LogSource } from '../domain/log-line.ts';
import type { Usage } from '../domain/process.ts';
import type { ContainerStats, Engine, EngineNews } from '../engine/engine.ts';
import { label, ownLabels, releaseOf } from '../engine/labels.ts';
import { createMemoryQuota } from './memory-quota.ts';

export interface Figures {
  /** What the engine tells of our containers. */
  seen(event: EngineNews): void;
  /** Found at its end: the kernel had killed it for memory. */
  killed(container: { id: string; labels: Readonly<Record<string, string>> }): void;
  /** One ended by itself, or never became ready. */
  crashed(appId: string, type: string): void;
  /** How often that was, since our start. */
  crashes(): { appId: string; type: string; count: number }[];
  /** As of the last reading: of all that run. */
  all(): { appId: string; type: string; usage: Usage }[];
  /** As of now, by a process's own id; null when it does not run, or does not answer in time. */
  of(processId: string): Promise<Usage | null>;
  /** What is wrong with the memory of one that runs, by a process's own id. */
  codeOf(processId: string): RuntimeCode | null;
  close(): void;
}

export interface FiguresNeeds {
  engine: Pick<Engine, 'list' | 'stats'>;
  instance: string;
  sizes: readonly Size[];
  logs: {
    write(appId: string, line: { source: LogSource; process: string; text: string; release: number }): void;
  };
  onProblem(message: string): void;
  /** How often all are read. */
  everyMs?: number;
}

interface Watched {
  id: string;
  labels: Readonly<Record<string, string>>;
  /** For the rate: the reading before the last, or the start. */
  before: { at: number; cpuSeconds: number } | null;
  last: { at: number; stats: ContainerStats } | null;
}

const everyMs = 10_000;
/** What runs is listed anew every so many passes: an event may have come before anybody listened. */
const learnEvery = 6;
const atOnce = 8;
const freshMs = 1000;
const patienceMs = 1000;
const kinds: ReadonlySet<string | undefined> = new Set(['process', 'run', 'release']);

export function createFigures(needs: FiguresNeeds): Figures {
  const { engine } = needs;
  /** By container. */
  const watched = new Map<string, Watched>();
  const quota = createMemoryQuota();
  const crashed = new Map<string, { appId: string; type: string; count: number }>();
  let passes = 0;
  let busy = false;
  const timer = setInterval(() => void pass(), needs.everyMs ?? everyMs);
  timer.unref();
  void pass();

  function say(labels: Watched['labels'], lines: readonly string[]): void {
    const { [label.app]: appId = '', [label.process]: process = '' } = labels;
    for (const text of lines)
      needs.logs.write(appId, { source: 'twelve', process, text, release: releaseOf({ labels }) });
  }

  async function learn(): Promise<void> {
    const found = (await engine.list(ownLabels(needs.instance))).filter(
      ({ state, labels }) => state === 'running' && kinds.has(labels[label.kind]),
    );
    for (const { id, labels } of found)
      if (!watched.has(id)) watched.set(id, { id, labels, before: null, last: null });
  }

  async function pass(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      if (passes++ % learnEvery === 0) await learn();
      const all = [...watched.values()];
      for (let from = 0; from < all.length; from += atOnce)
        await Promise.all(all.slice(from, from + atOnce).map(sample));
    } catch (error) {
      // An engine that is away is told of elsewhere, and what runs is learnt when it is back.
      if (!hasCode(error, 'engine_unavailable')) needs.onProblem(`Figures of processes: ${messageOf(error)}`);
    } finally {
      busy = false;
    }
  }

  async function sample(one: Watched): Promise<void> {
    const stats = await read(one);
    if (stats) say(one.labels, quota.judge(one.id, stats.memory, stats.memoryLimit, Date.now()));
  }

  /** Null when it does not run any more. */
  async function read(one: Watched): Promise<ContainerStats | null> {
    try {
      const stats = await engine.stats(one.id);
      const { before, last } = one;
      // A rate over less than a second says little: then it stays one since the reading before.
      if (last && (!before || Date.now() - last.at >= freshMs))
        one.before = { at: last.at, cpuSeconds: last.stats.cpuSeconds };
      one.last = { at: Date.now(), stats };
      return stats;
    } catch (error) {
      if (hasCode(error, 'engine_unavailable')) return null;
      if (watched.get(one.id) === one) watched.delete(one.id);
      return null;
    }
  }

  function seen(event: Parameters<Figures['seen']>[0]): void {
    if (event.type !== 'container') {
      if (event.type === 'reconnected') passes = 0;
      return;
    }
    const { id, labels, action } = event;
    if (!kinds.has(labels[label.kind])) return;
    if (action === 'start')
      watched.set(id, { id, labels, before: { at: event.time / 1000, cpuSeconds: 0 }, last: null });
    else if (action === 'oom') tellKill(id, labels);
    else if (action === 'die' || action === 'destroy') watched.delete(id);
    if (action === 'destroy') quota.forget(id);
  }

  function tellKill(id: string, labels: Watched['labels']): void {
    const size = needs.sizes.find(({ name }) => name === labels[label.size]);
    say(labels, quota.killed(id, size?.memoryMb, Date.now()));
  }

  const find = (processId: string): Watched | undefined =>
    [...watched.values()].find(({ labels }) => labels[label.id] === processId);

  function all(): ReturnType<Figures['all']> {
    return [...watched.values()].flatMap((one) => {
      const usage = usageOf(one);
      const { [label.app]: appId = '', [label.type]: type = '' } = one.labels;
      return usage ? [{ appId, type, usage }] : [];
    });
  }

  return {
    seen,
    crashed(appId, type) {
      const key = `${appId} ${type}`;
      const count = (crashed.get(key)?.count ?? 0) + 1;
      crashed.set(key, { appId, type, count });
    },
    crashes: () => [...crashed.values()],
    all,
    killed({ id, labels }) {
      if (!quota.wasKilled(id)) tellKill(id, labels);
    },
    async of(processId) {
      const one = find(processId);
      if (!one) return null;
      // Fresh, and read late enough after its start to know a rate.
      const known = one.last && Date.now() - one.last.at < freshMs && usageOf(one)?.cpu != null;
      if (!known) {
        const late = new AbortController();
        const inTime = await Promise.race([
          read(one),
          delay(patienceMs, null, { signal: late.signal, ref: false }).catch(() => null),
        ]);
        late.abort();
        if (!inTime) return null;
      }
      return usageOf(one);
    },
    codeOf(processId) {
      const one = find(processId);
      return one ? quota.codeOf(one.id) : null;
    },
    close: () => clearInterval(timer),
  };
}

function usageOf({ before, last }: Watched): Usage | null {
  if (!last) return null;
  const seconds = before ? (last.at - before.at) / 1000 : 0;
  const used = before ? last.stats.cpuSeconds - before.cpuSeconds : 0;
  return {
    memory: last.stats.memory,
    memoryLimit: last.stats.memoryLimit,
    // Of a moment too short no rate can be told, nor of a counter that began anew.
    cpu: seconds >= 0.1 && used >= 0 ? used / seconds : null,
  };
}
