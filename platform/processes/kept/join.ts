// Being joined to a keeper that runs, or whose container is just being started; and whether it has ended instead.
import type { Attachment, Engine } from '../../engine/engine.ts';
import type { Started } from '../start-attached.ts';
import { type Caller, endless, joinKeeper, type Link, type Seen } from './link.ts';

/**
 * The keeper is greeted at once: it hears of it as soon as it runs, and not once the engine has said so.
 * @param remove what could not be started
 * @returns null when it has ended, whatever it had still to say
 */
export async function joinStarted(
  engine: Pick<Engine, 'inspect'>,
  id: string,
  started: Promise<Started>,
  seen: Seen,
  caller: Caller,
  remove: () => Promise<void>,
): Promise<Link | null> {
  const failed = async (error: unknown): Promise<never> => {
    // With the engine it may be out of reach; then it is looked for again when that is back.
    await remove().catch(() => undefined);
    throw error;
  };
  const { attachment, up } = await started.catch(failed);
  const notUp = up.then(endless, (error: unknown) => ({ error }));
  const first = await Promise.race([join(engine, id, attachment, seen, caller, up), notUp]);
  // Once its keeper has answered it runs, whatever the engine says of its start then.
  if (!first || !('error' in first)) return first;
  attachment.stream.destroy();
  return failed(first.error);
}

/** @returns null when it has ended, whatever it had still to say */
export async function join(
  engine: Pick<Engine, 'inspect'>,
  id: string,
  attachment: Attachment,
  seen: Seen,
  caller: Caller,
  up?: Promise<void>,
): Promise<Link | null> {
  try {
    return await joinKeeper(attachment, seen, caller, up);
  } catch (error) {
    // Before it is up it has not ended either; of one that does not come up `joinStarted` hears by itself.
    await up?.catch(endless);
    const { state } = await engine.inspect(id);
    if (state === 'running' || state === 'paused') throw error;
    return null;
  }
}
