// The visitors: constant load of every kind on one app, until it is stopped; every exchange that did not end whole is kept.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../polling.ts';
import {
  eventsQuestion,
  exchange,
  getQuestion,
  longQuestion,
  postQuestion,
  type Question,
} from './exchange.ts';
import type { Fault, Outcome } from './outcome.ts';
import { converse } from './socket.ts';

export interface Failure {
  kind: string;
  fault: Fault;
  detail: string;
  begunAt: number;
  at: number;
  process: string | null;
}

/** A WebSocket that was to live longer than what is replaced may. */
export interface Ended {
  process: string | null;
  at: number;
}

export interface Report {
  /** Exchanges by kind. */
  counts: Map<string, number>;
  failures: Failure[];
  /** Longer WebSockets that were ended before we closed them. */
  ended: Ended[];
  /** Process → when the last question began that it answered. */
  lastAsked: Map<string, number>;
  seconds: number;
}

export interface Visitors {
  /** No more questions; what is open comes to its end. */
  stop(): Promise<Report>;
}

interface Kind {
  name: string;
  clients: number;
  /** Between two questions of one client. */
  pauseMs: number;
  /** Asks once. */
  once(client: number): Promise<Outcome>;
}

/** @param longestMs no stream but the longer WebSockets lasts longer; what is replaced may take longer to end */
export function startVisitors(target: Target, longestMs: number): Visitors {
  const report: Report = {
    counts: new Map(),
    failures: [],
    ended: [],
    lastAsked: new Map(),
    seconds: 0,
  };
  const stopping = new AbortController();
  const never = new AbortController().signal;
  const agents: Agent[] = [];
  const startedAt = Date.now();

  function answered(process: string | null, begunAt: number): void {
    if (process !== null)
      report.lastAsked.set(process, Math.max(begunAt, report.lastAsked.get(process) ?? 0));
  }

  async function ask({ name, once }: Kind, client: number): Promise<void> {
    const begunAt = Date.now();
    const outcome = await once(client);
    answered(outcome.process, begunAt);
    report.counts.set(name, (report.counts.get(name) ?? 0) + 1);
    if (outcome.fault !== null) report.failures.push({ kind: name, begunAt, at: Date.now(), ...outcome });
  }

  async function visit(kind: Kind, client: number): Promise<void> {
    // Not all at once.
    await sleep((kind.pauseMs * client) / kind.clients);
    while (!stopping.signal.aborted) {
      await ask(kind, client);
      await sleep(kind.pauseMs);
    }
  }

  async function stay(): Promise<void> {
    while (!stopping.signal.aborted) {
      const begunAt = Date.now();
      const outcome = await converse(target, 600_000, stopping.signal, (process) =>
        answered(process, begunAt),
      );
      report.counts.set(longer, (report.counts.get(longer) ?? 0) + 1);
      const { fault, process } = outcome;
      if (fault === 'cut') report.ended.push({ process, at: Date.now() });
      else if (fault !== null) report.failures.push({ kind: longer, begunAt, at: Date.now(), ...outcome });
      await sleep(100);
    }
  }

  const keeping = (question: () => Question) => {
    const own = new Map<number, Agent>();
    return (client: number): Promise<Outcome> => {
      const agent = own.get(client) ?? new Agent({ keepAlive: true, maxSockets: 1 });
      if (!own.has(client)) agents.push(agent);
      own.set(client, agent);
      return exchange(target, question(), agent);
    };
  };
  const fresh = (question: () => Question) => (): Promise<Outcome> => exchange(target, question());
  let turn = 0;
  /** From half a second to the longest. */
  const length = (): number => Math.round(500 + ((longestMs - 500) * (++turn % 8)) / 7);
  const kinds: Kind[] = [
    { name: 'GET, kept connection', clients: 4, pauseMs: 20, once: keeping(getQuestion) },
    { name: 'GET, new connection', clients: 3, pauseMs: 20, once: fresh(getQuestion) },
    { name: 'POST, kept connection', clients: 2, pauseMs: 30, once: keeping(() => postQuestion(20_000)) },
    { name: 'POST, new connection', clients: 1, pauseMs: 30, once: fresh(() => postQuestion(200_000)) },
    { name: 'long response', clients: 4, pauseMs: 50, once: fresh(() => longQuestion(length())) },
    { name: 'server-sent events', clients: 4, pauseMs: 50, once: fresh(() => eventsQuestion(length())) },
    { name: 'WebSocket', clients: 4, pauseMs: 50, once: () => converse(target, length(), never) },
  ];
  const all = Promise.all([
    ...kinds.flatMap((kind) => Array.from({ length: kind.clients }, (_, client) => visit(kind, client))),
    ...Array.from({ length: 3 }, stay),
  ]);

  // Told by stop.
  all.catch(() => undefined);

  return {
    async stop() {
      stopping.abort();
      await all;
      for (const agent of agents) agent.destroy();
      report.seconds = (Date.now() - startedAt) / 1000;
      return report;
    },
  };
}

export const longer = 'longer WebSocket';
