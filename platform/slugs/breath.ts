// Reading a tree in one go is quickest; in pieces, so that others get their turn.
import { setImmediate as turn } from 'node:timers/promises';

/** To be awaited once in a while: lets others work when we did for long enough. */
export type Breath = () => Promise<void>;

const patienceMs = 5;

export function breathing(): Breath {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < patienceMs) return;
    await turn();
    since = performance.now();
  };
}
