// Which images containers have, running or ended: the engine refuses the last name of one alone, when the others are gone.
import type { Engine } from './engine.ts';

/** By their ids. One that is created meanwhile is not among them: the engine says so when it comes to that. */
export async function imagesInUse(engine: Engine): Promise<ReadonlySet<string>> {
  return new Set((await engine.list({})).map(({ imageId }) => imageId));
}
