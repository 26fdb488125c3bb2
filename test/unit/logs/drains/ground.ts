// An app's log with drains that lead to loopback, and retries quick enough for a test.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AppLog, openAppLog } from '../../../../platform/logs/app-log.ts';
import { createDrains, type DrainOrder, type Drains } from '../../../../platform/logs/drains/drains.ts';
import { createFrameBuilder } from '../../../../platform/logs/format.ts';

export const token = 'd.11111111-2222-3333-4444-555555555555';

export interface Ground extends AsyncDisposable {
  log: AppLog;
  drains: Drains;
  problems: string[];
  open(url: string, more?: Partial<DrainOrder>): void;
  /** Lines whose texts are their numbers. */
  print(from: number, to: number, fill?: string): void;
  status(): ReturnType<Drains['ofApp']>[number];
  /** Ends like a server that is stopped, and begins as the next one. */
  restart(): Promise<void>;
}

export interface GroundNeeds {
  folder: string;
  budgetBytes?: number;
  caFile?: string;
  hungMs?: number;
}

export async function createGround({
  folder,
  budgetBytes = 50 << 20,
  caFile,
  hungMs = 60_000,
}: GroundNeeds): Promise<Ground> {
  const problems: string[] = [];
  const orders: DrainOrder[] = [];
  const begin = () => {
    const builders = { general: createFrameBuilder(), router: createFrameBuilder() };
    const log = openAppLog({ folder: join(folder, 'app'), budgetBytes, routerShare: 0.25, builders });
    const drains = createDrains({
      logOf: () => log,
      folderOf: (appId) => join(folder, appId),
      resolve: async (url) => ({ host: url.hostname, port: 0, addresses: ['127.0.0.1'] }),
      caFile: caFile ?? null,
      onProblem: (message) => problems.push(message),
      retry: { firstMs: 5, mostMs: 50, hungMs },
    });
    for (const order of orders) drains.open(order);
    return { log, drains };
  };
  let { log, drains } = begin();
  const ground: Ground = {
    problems,
    get log() {
      return log;
    },
    get drains() {
      return drains;
    },
    open(url, more = {}) {
      const order = { id: 'one', appId: 'app', url, token, insecure: false, ...more };
      orders.push(order);
      drains.open(order);
    },
    print(from, to, fill = '') {
      log.append((batch) => {
        for (let i = from; i <= to; i++) {
          batch.text('app', 'web.1', `${i}${fill}`, 1_700_000_000_000_000 + i);
          if (batch.full()) batch.endFrame();
        }
      });
    },
    status: () => drains.ofApp('app')[0]!,
    async restart() {
      await drains.close();
      await log.close();
      ({ log, drains } = begin());
    },
    async [Symbol.asyncDispose]() {
      await drains.close();
      await log.close();
    },
  };
  return ground;
}

/** Until something is so; the test's own limit ends it otherwise. */
export async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(5);
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** The numbers of lines, in the order they came. */
export const numbers = (texts: readonly string[]): number[] => texts.map((text) => Number.parseInt(text, 10));

/** Each once, in order of their first arrival. */
export const distinct = (values: readonly number[]): number[] => [...new Set(values)];
