// One network per app, with a subnet fixed in the store, there while a process runs.
import { PlatformError } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { label, ownLabels, ownName } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/own-network.ts';
import { bridgeOf } from './bridge.ts';

export interface Networks {
  /** Makes a container in the app's network, which is made where it is missing: until that is there, the network is not taken away. */
  within<T>(app: { id: string; subnet: string | null }, work: (network: string) => Promise<T>): Promise<T>;
  /** Looks at the engine again next time (the network was found missing). */
  forget(appId: string): void;
  /** Takes it away; stays quiet while something still uses it, or is about to. */
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

  /** How many containers are being made, per app. */
  const making = new Map<string, number>();

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
    if (making.has(appId)) return;
    // A container that is made and not yet started needs it too, and the engine would not mind. Builds, also the one that
    // waits ready for the next push, are in a network of theirs.
    const left = await engine.list({ ...ownLabels(instance), [label.app]: appId });
    if (left.some(({ labels }) => labels[label.kind] !== 'build')) return;
    await engine.removeNetwork(nameOf(appId)).catch((error: unknown) => {
      if (
        !(error instanceof PlatformError) ||
        !['conflict', 'engine_failed', 'not_found'].includes(error.code)
      ) {
        throw error;
      }
    });
  }

  function ensure(app: { id: string; subnet: string | null }): Promise<string> {
    const made = known.get(app.id) ?? inTurn(app.id, () => make(app));
    known.set(app.id, made);
    made.catch(() => known.get(app.id) === made && known.delete(app.id));
    return made;
  }

  function count(appId: string, change: 1 | -1): void {
    const now = (making.get(appId) ?? 0) + change;
    if (now > 0) making.set(appId, now);
    else making.delete(appId);
  }

  return {
    async within(app, work) {
      // Counted before it is asked for: a removal that began is waited for, and one that comes later stays quiet.
      count(app.id, 1);
      try {
        return await work(await ensure(app));
      } finally {
        count(app.id, -1);
      }
    },
    forget(appId) {
      known.delete(appId);
    },
    remove: (appId) => inTurn(appId, () => removeIfUnused(appId)),
  };
}
