// What an app's visitors get while none of its processes can take requests: the page of maintenance or of a crash.
import type { RouteState } from '../domain/route.ts';
import type { ProcessNeeds } from './needs.ts';
import { slotOf } from './plan.ts';
import type { Setbacks } from './setbacks.ts';
import type { Tracked } from './tracked.ts';

interface Known extends Pick<ProcessNeeds, 'store'> {
  appId: string;
  /** The release that visitors are sent to. */
  served: number | null;
  all: readonly Tracked[];
  setbacks: Setbacks;
}

/** By what is stored, not by a stage: at a server's start there is none yet. @returns null: none of them, where something is up */
export function idleStateOf({ store, appId, served, all, setbacks }: Known): RouteState | null {
  if (store.apps.byId(appId)?.maintenance) return 'maintenance';
  if (all.some(({ type, version, state }) => type === 'web' && version === served && state === 'up'))
    return null;
  const { quantity = 0 } = store.formations.of(appId).find((one) => one.type === 'web') ?? {};
  const crashed = Array.from({ length: quantity }, (_, index) =>
    setbacks.all.get(slotOf({ version: served ?? 0, type: 'web', number: index + 1 })),
  );
  return crashed.some((one) => one?.interrupted === false) ? 'crashed' : null;
}
