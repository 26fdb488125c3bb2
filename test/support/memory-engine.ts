// An engine without containers, for tests of what is decided about them: same contract, every move in the test's hands.
import { PlatformError } from '../../platform/domain/errors.ts';
import type {
  ContainerSpec,
  Engine,
  EngineEvent,
  EngineInfo,
  ImageInfo,
} from '../../platform/engine/engine.ts';
import type { BehaviourOf } from './memory-behaviour.ts';
import { createMemoryContainer, type MemoryContainer } from './memory-container.ts';
import { memoryContainers } from './memory-containers.ts';
import { createMemoryEvents } from './memory-events.ts';
import { createPassage } from './memory-gate.ts';
import { createMemoryImages } from './memory-images.ts';
import { createMemoryNetworks } from './memory-networks.ts';

export type { Behaviour, BehaviourOf, MemoryGuest, MemoryProcess } from './memory-behaviour.ts';
export type { MemoryContainer } from './memory-container.ts';

export interface MemoryEngineOptions {
  /** Decides by a container's spec what it will do. */
  behaviours?: BehaviourOf;
  /** References of images that are there from the start. */
  images?: string[];
}

export interface MemoryEngine extends Engine {
  /** Another client of the same engine, as after a restart of ours. */
  connect(): Engine;
  /** The inside of a container, by id or name. */
  container(idOrName: string): MemoryContainer;
  containers(): MemoryContainer[];
  /** Ends a container as if its program had. */
  crash(idOrName: string, exitCode: number, options?: { oom?: boolean }): void;
  /** Behaves differently for containers created from now on. */
  behave(behaviours: BehaviourOf): void;
  addImage(reference: string, labels?: Record<string, string>, content?: string): ImageInfo;
  /** Makes an image that `pullImage` can get. */
  publish(reference: string): void;
  /** The next calls of this method fail. */
  fail(method: keyof Engine, error: Error, times?: number): void;
  /** Until `comeBack`, every call fails with `engine_unavailable` and events are missed; containers live on. */
  goAway(): void;
  /** The next call of this method is carried out, and `leave` called before it is answered. */
  beforeAnswer(method: keyof Engine, leave: () => void): void;
  comeBack(): void;
  /** Every call in order: `create web.1`, `start <id>`. */
  readonly calls: readonly string[];
}

export function createMemoryEngine(options: MemoryEngineOptions = {}): MemoryEngine {
  const containers = new Map<string, MemoryContainer>();
  // So that one costs as much where there are thousands.
  const byName = new Map<string, MemoryContainer>();
  const byNetwork = new Map<string, Set<MemoryContainer>>();
  const failures = new Map<string, Error[]>();
  const lastWords = new Map<string, () => void>();
  const calls: string[] = [];
  const left = new EventTarget();
  let behaviours = options.behaviours ?? (() => undefined);
  let outage = new AbortController();
  let count = 0;
  let time = 0;

  const events = createMemoryEvents(() => outage.signal.aborted);
  const images = createMemoryImages((imageId) => all().some((each) => each.details.imageId === imageId));
  const networks = createMemoryNetworks(
    (name) => new Set([...(byNetwork.get(name) ?? [])].flatMap((each) => each.details.addresses[name] ?? [])),
  );
  for (const reference of options.images ?? []) images.add(reference);

  function all(): MemoryContainer[] {
    return [...containers.values()];
  }

  const find = (idOrName: string): MemoryContainer => {
    const found = containers.get(idOrName) ?? byName.get(idOrName);
    if (!found) throw new PlatformError('not_found', `No such container: ${idOrName}`);
    return found;
  };

  const emit = (action: EngineEvent['action'], container: MemoryContainer): void => {
    // Later events have later times, also within one millisecond.
    time = Math.max(time + 1, Date.now() * 1000);
    const exitCode = action === 'die' ? container.details.exitCode : null;
    events.emit({
      type: 'container',
      action,
      id: container.id,
      labels: { ...container.details.labels },
      exitCode,
      time,
    });
  };

  const create = (spec: ContainerSpec): string => {
    const image = images.find(spec.image);
    if (!image) throw new PlatformError('not_found', `No such image: ${spec.image}`);
    if (byName.has(spec.name)) {
      throw new PlatformError('conflict', `The container name "${spec.name}" is already in use.`);
    }
    count += 1;
    const container = createMemoryContainer({
      id: count.toString(16).padStart(12, '0').padEnd(64, '0'),
      imageId: image.id,
      spec: structuredClone(spec),
      behaviour: behaviours(spec) ?? {},
      emit,
    });
    containers.set(container.id, container);
    byName.set(spec.name, container);
    const network = spec.network ?? 'bridge';
    byNetwork.set(network, (byNetwork.get(network) ?? new Set()).add(container));
    emit('create', container);
    return container.id;
  };

  const start = (id: string): void => {
    const container = find(id);
    if (container.details.state === 'running') return;
    const { address, startError } = container.behaviour;
    const network = container.spec.network;
    const given =
      network && network !== 'host' && network !== 'none'
        ? { [network]: address ?? networks.addressIn(network) }
        : address
          ? { bridge: address }
          : {};
    if (startError !== undefined) {
      container.details.error = startError;
      throw new PlatformError('engine_failed', `Could not start the container ${id}: ${startError}`);
    }
    container.start(given);
  };

  const remove = (id: string): void => {
    const container = containers.get(id);
    if (!container) return;
    container.kill();
    containers.delete(id);
    byName.delete(container.spec.name);
    byNetwork.get(container.spec.network ?? 'bridge')?.delete(container);
    emit('destroy', container);
    left.dispatchEvent(new Event(id));
  };

  const methods = {
    ...memoryContainers({ find, create, start, remove, all, left }),
    ...images.part,
    ...networks.part,
    info: async () => ({ ...info }),
  };
  const connect = (): Engine => {
    const passage = createPassage({ calls, failures, lastWords, outage: () => outage.signal });
    return {
      ...passage.guard(methods),
      events: (labels, signal) => events.listen(labels, AbortSignal.any([signal, passage.closed])),
      close: passage.close,
    };
  };

  return {
    ...connect(),
    connect,
    calls,
    container: find,
    containers: all,
    crash: (idOrName, code, more) => find(idOrName).end({ code, ...more }),
    behave(given) {
      behaviours = given;
    },
    addImage: images.add,
    publish: images.publish,
    fail: (method, error, times = 1) =>
      void failures.set(method, [...(failures.get(method) ?? []), ...Array<Error>(times).fill(error)]),
    goAway() {
      outage.abort();
      events.interrupted();
    },
    beforeAnswer: (method, leave) => void lastWords.set(method, leave),
    comeBack() {
      outage = new AbortController();
      events.reconnected();
    },
  };
}

const info: EngineInfo = {
  version: '20.10.0',
  imageStore: 'classic',
  cgroupVersion: 2,
  architecture: 'amd64',
  rootFolder: '/nowhere',
  cpus: 4,
  memory: 8_589_934_592,
};
