// The changes that visitors must not notice, carried out one after another, each to its end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mark } from './verdict.ts';

/** Where they are made. */
export interface Site {
  app: string;
  /** @returns what the API answered; @throws Error when it refused */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Something else is committed and pushed. */
  push(): Promise<void>;
  stopServer(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  startServer(): Promise<void>;
}

type AppChange =
  | 'config'
  | 'rollback'
  | 'slug'
  | 'redeploy'
  | 'push'
  | 'restart'
  | 'resize'
  | { web: number };
export type Change =
  | AppChange
  | 'server killed'
  | 'server restarted'
  /** The server is killed so long after it took the change on. */
  | { killedIn: 'config' | 'rollback' | 'slug' | 'restart' | 'resize' | { web: number }; ms: number };

/** Twenty; the server is killed at another moment of the changes in each turn. */
export const turnOf = (turn: number): Change[] => [
  'config',
  { web: 3 },
  'rollback',
  'restart',
  'slug',
  { web: 2 },
  'server killed',
  'rollback',
  'redeploy',
  { killedIn: 'config', ms: 150 + 250 * turn },
  { web: 1 },
  'resize',
  { killedIn: 'restart', ms: 50 + 150 * turn },
  'server restarted',
  { killedIn: 'resize', ms: 50 + 200 * turn },
  { web: 2 },
  'push',
  { killedIn: 'rollback', ms: 50 + 300 * turn },
  'slug',
  { killedIn: { web: 3 }, ms: 100 + 100 * turn },
];

export const fewChanges: Change[] = [
  'config',
  { web: 3 },
  'server killed',
  'rollback',
  'restart',
  { web: 1 },
  { killedIn: 'config', ms: 500 },
  'push',
  'server restarted',
  'resize',
];

export const nameOf = (change: Change): string => {
  if (typeof change === 'string') return change;
  if ('web' in change) return `web=${change.web}`;
  return `${nameOf(change.killedIn)}, server killed ${change.ms} ms into it`;
};

/** @param everyMs from the begin of one change to that of the next, unless it takes longer */
export async function carryOut(
  site: Site,
  changes: readonly Change[],
  { everyMs, signal, onChange }: { everyMs: number; signal: AbortSignal; onChange(mark: Mark): void },
): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const change of changes) {
    signal.throwIfAborted();
    const mark: Mark = { what: nameOf(change), from: Date.now(), to: null };
    marks.push(mark);
    await make(site, change).catch((error: unknown) => {
      throw new Error(`change ${marks.length} (${mark.what}): ${(error as Error).message}`);
    });
    mark.to = Date.now();
    onChange(mark);
    await sleep(Math.max(0, everyMs - (Date.now() - mark.from)), undefined, { signal });
  }
  return marks;
}

async function make(site: Site, change: Change): Promise<void> {
  const before = await stateOf(site);
  if (change === 'server killed' || change === 'server restarted') {
    await site.stopServer(change === 'server killed' ? 'SIGKILL' : 'SIGTERM');
    await site.startServer();
    return until(site, (now) => isAt(now, before.version, before.web));
  }
  const wish = typeof change === 'object' && 'killedIn' in change ? change.killedIn : change;
  await begin(site, wish, before);
  if (wish !== change) {
    await sleep((change as { ms: number }).ms);
    await site.stopServer('SIGKILL');
    await site.startServer();
  }
  const web = typeof wish === 'object' ? wish.web : before.web;
  const stays = typeof wish === 'object' || wish === 'restart' || wish === 'resize';
  const version = stays ? before.version : before.version + 1;
  await until(
    site,
    (now) => isAt(now, version, web) && (wish !== 'restart' || !now.up.some((id) => before.up.includes(id))),
  );
}

let count = 0;

async function begin({ app, api, push }: Site, change: AppChange, before: State): Promise<void> {
  if (typeof change === 'object') {
    await api('PATCH', `/apps/${app}/formation`, { updates: [{ type: 'web', quantity: change.web }] });
    return;
  }
  // Of the last ones, by turns.
  const other = before.served[count++ % before.served.length]!;
  switch (change) {
    case 'config':
      return void (await api('PATCH', `/apps/${app}/config-vars`, { CHANGE: String(count) }));
    case 'rollback':
      return void (await api('POST', `/apps/${app}/releases`, { release: String(other.version) }));
    case 'slug':
      return void (await api('POST', `/apps/${app}/releases`, { slug: other.slug }));
    case 'redeploy':
      return void (await api('POST', `/apps/${app}/actions/redeploy`));
    case 'restart':
      return void (await api('DELETE', `/apps/${app}/dynos`));
    case 'resize': {
      const size = before.size === 'standard-2x' ? 'standard-1x' : 'standard-2x';
      return void (await api('PATCH', `/apps/${app}/formation`, { updates: [{ type: 'web', size }] }));
    }
    case 'push':
      return push();
  }
}

interface State {
  /** The newest release. */
  version: number;
  status: string;
  /** Ids of the web processes of it that are up in the size that they should have. */
  up: string[];
  /** Web processes that start, or are of another release or size and not on their way out. */
  others: number;
  web: number;
  size: string;
  /** Releases that served before and can again, the newest first. */
  served: { version: number; slug: string }[];
}

const isAt = ({ version, status, up, others }: State, wanted: number, web: number): boolean =>
  version === wanted && status === 'succeeded' && up.length === web && others === 0;

async function stateOf({ app, api }: Site): Promise<State> {
  const [releases, dynos, formation] = (await Promise.all([
    api('GET', `/apps/${app}/releases`),
    api('GET', `/apps/${app}/dynos`),
    api('GET', `/apps/${app}/formation/web`),
  ])) as [Release[], Dyno[], { quantity: number; size: string }];
  const ordered = releases.sort((a, b) => b.version - a.version);
  const newest = ordered[0]!;
  if (newest.status === 'failed') throw new Error(`v${newest.version} failed`);
  const size = formation.size.toLowerCase();
  const up = dynos.filter(
    (one) => one.state === 'up' && one.release.version === newest.version && one.size.toLowerCase() === size,
  );
  return {
    version: newest.version,
    status: newest.status,
    up: up.map((one) => one.id),
    others: dynos.filter((one) => one.state !== 'down' && !up.includes(one)).length,
    web: formation.quantity,
    size,
    served: ordered
      .filter((one) => one.eligible_for_rollback && one.slug && !one.current)
      .slice(0, 5)
      .map((one) => ({ version: one.version, slug: one.slug!.id })),
  };
}

interface Release {
  version: number;
  status: string;
  current: boolean;
  eligible_for_rollback: boolean;
  slug: { id: string } | null;
}

interface Dyno {
  id: string;
  state: string;
  size: string;
  release: { version: number };
}

async function until(site: Site, there: (state: State) => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const state = await stateOf(site);
    if (there(state)) return;
    if (Date.now() > deadline) throw new Error(`it does not come to its end; last: ${JSON.stringify(state)}`);
    await sleep(100);
  }
}
