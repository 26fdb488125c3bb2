// The container methods of a simulated engine.
import { constants } from 'node:os';
import { Duplex, PassThrough } from 'node:stream';
import { PlatformError } from '../../platform/domain/errors.ts';
import type {
  Attachment,
  ContainerDetails,
  ContainerPart,
  ContainerSummary,
  Engine,
} from '../../platform/engine/engine.ts';
import { type MemoryContainer, mustRun } from './memory-container.ts';
import { carries } from './memory-events.ts';
import { memoryGuests } from './memory-guests.ts';

export interface ContainersNeeds {
  create: (spec: Parameters<Engine['create']>[0]) => string;
  start: (id: string) => void;
  remove: (id: string) => void;
  /** @throws PlatformError `not_found` */
  find: (id: string) => MemoryContainer;
  all: () => MemoryContainer[];
  /** Dispatches an event named by the id of each container that is removed. */
  left: EventTarget;
}

export function memoryContainers({ create, start, remove, find, all, left }: ContainersNeeds): ContainerPart {
  return {
    create: async (spec) => create(spec),
    start: async (id) => start(id),
    remove: async (id) => remove(id),
    inspect: async (id) => structuredClone(find(id).details),
    list: async (labels) =>
      all()
        .filter((container) => carries(container.details.labels, labels))
        .map((container) => summaryOf(container.details)),

    // Whatever runs here is known.
    endLost: async () => {},

    async stop(id, { graceSeconds }) {
      const container = all().find((each) => each.id === id);
      if (container?.details.state !== 'running') return 'ended';
      const ended = endsWithin(container, graceSeconds * 1000);
      container.signal('SIGTERM', { final: true });
      if (await ended) return 'ended';
      container.kill();
      return 'killed';
    },

    async kill(id, name) {
      const signal = name.startsWith('SIG') ? name : `SIG${name}`;
      if (!(signal in constants.signals)) throw new PlatformError('bad_request', `"${name}" is no signal.`);
      const container = find(id);
      mustRun(container, `send ${signal}`);
      container.signal(signal, { final: true });
    },

    wait: async (id, { signal } = {}) => endOf(find(id), left, signal),
    attach: async (id, { stdin, tty }) => attach(find(id), stdin, tty),

    async resize(id, size) {
      const container = find(id);
      mustRun(container, 'resize the terminal');
      container.terminal = { ...size };
    },

    async exec(id, command) {
      const container = find(id);
      mustRun(container, `run "${command[0] ?? ''}"`);
      return container.behaviour.exec?.(command) ?? { exitCode: 0, output: '' };
    },

    ...memoryGuests(find),

    async stats(id) {
      const container = find(id);
      mustRun(container, 'read figures');
      const { behaviour, spec } = container;
      return {
        memory: behaviour.memory ?? 8_388_608,
        memoryLimit: spec.memory ?? 1_073_741_824,
        cpuSeconds: behaviour.cpuSeconds ?? 0,
        pids: 2,
      };
    },

    lastLines: async (id, count) => (count <= 0 ? find(id).lines.slice(0, 0) : find(id).lines.slice(-count)),
  };
}

function summaryOf(details: ContainerDetails): ContainerSummary {
  const { id, name, labels, state, imageId, addresses, createdAt } = structuredClone(details);
  return { id, name, labels, state, imageId, addresses, createdAt };
}

function endsWithin(container: MemoryContainer, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      forget();
      resolve(false);
    }, ms);
    const forget = container.onEnd(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function endOf(container: MemoryContainer, left: EventTarget, signal?: AbortSignal): Promise<number> {
  const { details } = container;
  if (signal?.aborted) return Promise.reject(cancelled(signal));
  if (details.exitCode !== null) return Promise.resolve(details.exitCode);
  if (details.error)
    return Promise.reject(new PlatformError('engine_failed', `It did not start: ${details.error}`));
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const settle = (then: () => void): void => {
      over.abort();
      forget();
      then();
    };
    const forget = container.onEnd((code) => settle(() => resolve(code)));
    const gone = (): void =>
      settle(() => reject(new PlatformError('not_found', `No such container: ${container.id}`)));
    left.addEventListener(container.id, gone, { signal: over.signal });
    signal?.addEventListener('abort', () => settle(() => reject(cancelled(signal))), { signal: over.signal });
  });
}

function cancelled(signal: AbortSignal): Error {
  if (signal.reason instanceof PlatformError) return signal.reason;
  return new PlatformError('cancelled', 'Cancelled while waiting for the container.');
}

function attach(container: MemoryContainer, stdin: boolean, tty: boolean): Attachment {
  const output = { stdout: new PassThrough(), stderr: tty ? null : new PassThrough() };
  if (container.details.state === 'exited') {
    output.stdout.end();
    output.stderr?.end();
  } else container.outputs.add(output);
  const writable = stdin ? container.stdin : new PassThrough().resume();
  const stream = Duplex.from({ readable: output.stdout, writable });
  return output.stderr ? { stream, stderr: output.stderr } : { stream };
}
