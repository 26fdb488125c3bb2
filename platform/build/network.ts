// The network of all builds of a platform: outbound only, with a guard in front of this machine's own addresses.
import type { Engine } from '../engine/engine.ts';
import { ownLabels, ownName } from '../engine/labels.ts';
import { ensureNetwork } from '../engine/own-network.ts';
import type { Guard } from './guard.ts';

export interface BuildNetwork {
  /** Its name; made and guarded where it is missing. Nothing is asked when it is known. */
  ensure(): Promise<string>;
  /** Somebody removed it: the next `ensure` makes it. */
  forget(): void;
  /** In the background: makes sure that it is still there and guarded. */
  look(): void;
  /** For when no build runs any more. */
  close(): Promise<void>;
}

export interface BuildNetworkNeeds {
  engine: Pick<Engine, 'networks' | 'createNetwork' | 'removeNetwork'>;
  instance: string;
  /** What its subnet is cut from. */
  range: string;
  /** Subnets that apps have been promised. */
  taken(): string[];
  guard: Guard;
  /** Told once, when traffic could not be kept from this machine. */
  onProblem(message: string): void;
}

export function createBuildNetwork(needs: BuildNetworkNeeds): BuildNetwork {
  const { engine, instance, guard } = needs;
  const name = ownName(instance, 'builds');
  const labels = ownLabels(instance, 'build');
  let known: Promise<string> | undefined;
  let looking: Promise<unknown> = Promise.resolve();
  let told = false;

  async function make(): Promise<string> {
    const network = await ensureNetwork(engine, {
      range: needs.range,
      taken: needs.taken,
      subnet: null,
      isOwn: (one) => one.name === name,
      make: (subnet) => engine.createNetwork({ name, subnet, labels, apart: true }),
    });
    const why = network.bridge === null ? null : await guard.close(network.bridge);
    if (why !== null && !told) {
      told = true;
      needs.onProblem(
        `Builds can reach services of this machine that listen on other addresses than loopback, and link-local addresses: ${why}`,
      );
    }
    return name;
  }

  /** One at a time: two that miss it would each make one, and an engine may take both under one name. */
  function inTurn(): Promise<string> {
    const made = looking.then(make);
    looking = made.catch(() => undefined);
    return made;
  }

  return {
    ensure() {
      known ??= inTurn().catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
    forget() {
      known = undefined;
    },
    look() {
      if (known === undefined) return;
      inTurn().catch(() => {
        known = undefined;
      });
    },
    async close() {
      await looking;
      if (known === undefined) return;
      await known.catch(() => undefined);
      known = undefined;
      // Where it cannot be removed a container may still be in it; rules of a network that is gone match nothing.
      const gone = await engine.removeNetwork(name).then(
        () => true,
        () => false,
      );
      if (gone) await guard.open();
    },
  };
}
