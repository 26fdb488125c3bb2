// All drains of all apps: opened and closed as their users say, each on its own from then on.
import { join } from 'node:path';
import type { ResolveSafely } from '../../domain/address.ts';
import { type DrainStatus, type LogDrain, parseDrainUrl, shownDrainUrl } from '../../domain/log-drain.ts';
import type { AppLog } from '../app-log.ts';
import { createConnect } from './connect.ts';
import { removeCursor } from './cursor-file.ts';
import { createDrain, type Drain, type Retry } from './drain.ts';
import { targets } from './targets.ts';

export type DrainOrder = Pick<LogDrain, 'id' | 'appId' | 'url' | 'token' | 'insecure'>;

export interface Drains {
  /** Delivers from where it was; a new one from here on. Once is enough. */
  open(order: DrainOrder): void;
  /** For good: also what is kept of it. */
  remove(id: string): Promise<void>;
  ofApp(appId: string): DrainStatus[];
  all(): (DrainStatus & { appId: string })[];
  removeApp(appId: string): Promise<void>;
  close(): Promise<void>;
}

export interface DrainsNeeds {
  logOf(appId: string): AppLog;
  folderOf(appId: string): string;
  /** Absent: nothing leads anywhere. */
  resolve?: ResolveSafely;
  /** Certificate authorities beside the usual ones, as PEM. */
  caFile?: string | null;
  onProblem: (message: string) => void;
  retry?: Retry;
}

const nowhere: ResolveSafely = async () => {
  throw new Error('Nothing is sent from here.');
};
const usualRetry: Retry = { firstMs: 1000, mostMs: 60_000, hungMs: 60_000 };

export function createDrains(needs: DrainsNeeds): Drains {
  const { logOf, folderOf, resolve = nowhere, caFile = null, onProblem, retry = usualRetry } = needs;
  const drains = new Map<string, { order: DrainOrder; drain: Drain; path: string }>();

  function open(order: DrainOrder): void {
    if (drains.has(order.id)) return;
    const { token, insecure } = order;
    const address = parseDrainUrl(order.url);
    const connect = createConnect({ address, insecure, caFile, resolve });
    const path = join(folderOf(order.appId), `${order.id}.drain`);
    const tell = (what: string): void =>
      onProblem(`Log drain ${shownDrainUrl(order.url)} (${token}): ${what}`);
    const drain = createDrain({
      ...{ log: logOf(order.appId), path, token, retry },
      target: (onBroken) => targets[address.kind]({ address, token, connect, onBroken }),
      onFailing: (why) =>
        tell(`${why} It is tried again, from where it was, for as long as the log keeps the lines.`),
      onProblem: tell,
    });
    drains.set(order.id, { order, drain, path });
  }

  async function remove(id: string): Promise<void> {
    const known = drains.get(id);
    if (!known) return;
    drains.delete(id);
    await known.drain.close();
    removeCursor(known.path);
  }

  const ofApp = (appId: string) => [...drains.values()].filter(({ order }) => order.appId === appId);

  return {
    open,
    remove,
    ofApp: (appId) => ofApp(appId).map(({ order, drain }) => ({ id: order.id, ...drain.status() })),
    all: () =>
      [...drains.values()].map(({ order, drain }) => ({
        ...{ id: order.id, appId: order.appId },
        ...drain.status(),
      })),
    async removeApp(appId) {
      await Promise.all(ofApp(appId).map(({ order }) => remove(order.id)));
    },
    async close() {
      await Promise.all([...drains.values()].map(({ drain }) => drain.close()));
      drains.clear();
    },
  };
}
