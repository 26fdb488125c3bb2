// Places made ready for the next build of an app: its folder with cache and buildpacks in it, and a started container that waits.
import type { Choice } from './choose.ts';
import type { BuildContainer } from './container.ts';
import type { Language } from './first-party.ts';
import type { Placed } from './gather.ts';
import type { Workspace } from './workspace.ts';

/** What a place was made for; a build that wants anything else cannot use its container. */
export interface PlaceFacts {
  /** Decides about the container's image. */
  language: Language;
  /** Of the cache that was fetched. */
  cacheKey: string;
  /** What the driver was told. */
  mode: Choice['mode'];
  likely: string;
  before: number;
  buildpacks: Placed[];
}

export interface Ready {
  facts: PlaceFacts;
  workspace: Workspace;
  container: BuildContainer;
  /** What fetching the cache came to. */
  cache: 'restored' | 'empty';
}

export interface ReadyPlaces {
  /** In the background; nothing happens when there is one for the app already. */
  prepare(app: { id: string; name: string }, facts: PlaceFacts): void;
  /**
   * The app's place, from then on the caller's; waits for one that is being made. Null when there is none. Whether its
   * container still runs is the caller's to ask, when it needs it.
   */
  take(appId: string): Promise<Ready | null>;
  drop(appId: string): Promise<void>;
  close(): Promise<void>;
}

export interface ReadyNeeds {
  make(app: { id: string; name: string }, facts: PlaceFacts, signal: AbortSignal): Promise<Ready>;
  /** How many at once: those of the apps that were built last. */
  limit: number;
  onProblem(message: string): void;
}

interface Entry {
  place: Promise<Ready | null>;
  abort: AbortController;
  timer: NodeJS.Timeout;
}

/** Who pushes again does so within minutes; an idle container costs a few MB. */
const keepMs = 30 * 60_000;

export function createReadyPlaces(needs: ReadyNeeds): ReadyPlaces {
  // In the order in which they were asked for.
  const entries = new Map<string, Entry>();
  const dropping = new Set<Promise<void>>();

  function remove(appId: string): Entry | undefined {
    const entry = entries.get(appId);
    if (entry) clearTimeout(entry.timer);
    entries.delete(appId);
    return entry;
  }

  async function drop(appId: string): Promise<void> {
    const entry = remove(appId);
    if (!entry) return;
    entry.abort.abort(new Error('not needed any more'));
    const ended = entry.place.then(discard).catch((error: unknown) => needs.onProblem(String(error)));
    dropping.add(ended);
    await ended;
    dropping.delete(ended);
  }

  return {
    prepare(app, facts) {
      if (needs.limit === 0 || entries.has(app.id)) return;
      const abort = new AbortController();
      // A push without it only takes longer.
      const place = needs.make(app, facts, abort.signal).catch((error: unknown) => {
        if (!abort.signal.aborted) needs.onProblem(`Nothing is ready for ${app.name}'s next build: ${error}`);
        return null;
      });
      const timer = setTimeout(() => void drop(app.id), keepMs).unref();
      entries.set(app.id, { place, abort, timer });
      const oldest = [...entries.keys()].slice(0, -needs.limit);
      for (const appId of oldest) void drop(appId);
    },

    async take(appId) {
      return (await remove(appId)?.place) ?? null;
    },

    drop,

    async close() {
      await Promise.all([...entries.keys()].map(drop));
      await Promise.all(dropping);
    },
  };
}

/** Container first: it has the folder mounted. */
async function discard(place: Ready | null): Promise<void> {
  await place?.container.remove();
  await place?.workspace.dispose();
}
