// One network per app, with a subnet fixed in the store, there while a process runs.
import { PlatformError } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { label, ownLabels, ownName } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/own-network.ts';
import { bridgeOf } from './bridge.ts';

export interface Networks {
  /** Name of the app's network, made where it is missing. */
  ensure(app: { id: string; subnet: string | null }): Promise<string>;
  /** Looks at the engine again next time (the network was found missing). */
  forget(appId: string): void;
  /** Takes it away; stays quiet while something still uses it. */
  remove(appId: string): Promise<void>;
}

/**
 * @param needs.range what the /25s are cut from
 * @param needs.taken subnets of all apps in the store
 * @param needs.fix remembers an app's subnet
 */
export function createNetworks(needs: {
  engine: Engine;
  instance: string;
  range: string;
  taken: () => string[];
  fix: (appId: string, subnet: string) => void;
}): Networks {
  const { engine, instance } = needs;
  const nameOf = (appId: string): string => ownName(instance, appId.slice(0, 8));
  const known = new Map<string, Promise<string>>();
  /** One thing at a time per app: a network is never handed out while it is being removed. */
  const queues = new Map<string, Promise<unknown>>();

  function inTurn<T>(appId: string, work: () => Promise<T>): Promise<T> {
    const turn = (queues.get(appId) ?? Promise.resolve()).catch(() => undefined).then(work);
    queues.set(appId, turn);
    turn
      .catch(() => undefined)
      .finally(() => {
        if (queues.get(appId) === turn) queues.delete(appId);
      });
    return turn;
  }

  async function make(app: { id: string; subnet: string | null }): Promise<string> {
    const name = nameOf(app.id);
    const labels = { ...ownLabels(instance), [label.app]: app.id };
    const network = await ensureNetwork(engine, {
      range: needs.range,
      taken: needs.taken,
      subnet: app.subnet,
      isOwn: (one) => one.name === name && one.labels[label.app] === app.id && one.subnets.length > 0,
      make: (subnet) => engine.createNetwork({ name, subnet, labels, bridge: bridgeOf(instance, subnet) }),
    });
    const [subnet] = network.subnets;
    // Also of one made by a server that was killed before it could remember the subnet.
    if (subnet !== undefined && subnet !== app.subnet) needs.fix(app.id, subnet);
    return name;
  }

  async function removeIfUnused(appId: string): Promise<void> {
    // From now on whoever wants it waits for our end, and has it looked for or made anew.
    known.delete(appId);
    // A container that is made and not yet started needs it too, and the engine would not mind.
    if ((await engine.list({ ...ownLabels(instance), [label.app]: appId })).length > 0) return;
    await engine.removeNetwork(nameOf(appId)).catch((error: unknown) => {
      if (
        !(error instanceof PlatformError) ||
        !['conflict', 'engine_failed', 'not_found'].includes(error.code)
      ) {
        throw error;
      }
    });
  }

  return {
    ensure(app) {
      const made = known.get(app.id) ?? inTurn(app.id, () => make(app));
      known.set(app.id, made);
      made.catch(() => known.get(app.id) === made && known.delete(app.id));
      return made;
    },
    forget(appId) {
      known.delete(appId);
    },
    remove: (appId) => inTurn(appId, () => removeIfUnused(appId)),
  };
}
