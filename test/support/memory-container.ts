// One simulated container: its state, its end, its output, and those who wait for it.
import { PassThrough } from 'node:stream';
import { PlatformError } from '../../platform/domain/errors.ts';
import type { ContainerDetails, ContainerSpec, EngineEvent } from '../../platform/engine/engine.ts';
import type { Behaviour, MemoryProcess } from './memory-behaviour.ts';

type Ending = { code: number; oom?: boolean };

export interface MemoryContainer {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly behaviour: Behaviour;
  readonly details: ContainerDetails;
  readonly lines: string[];
  /** Where attached callers read. */
  readonly outputs: Set<{ stdout: PassThrough; stderr: PassThrough | null }>;
  readonly stdin: PassThrough;
  start(address: Record<string, string>): void;
  /** The size last given by `resize`. */
  terminal: { columns: number; rows: number } | null;
  /** `final`: by a stop, after which a restart policy does not bring it back. */
  signal(name: string, options?: { final?: boolean }): void;
  end(ending: Ending): void;
  /** Ends it by the engine's hand: a restart policy does not bring it back. */
  kill(): void;
  /** Told of each end, once. */
  onEnd(then: (code: number) => void): () => void;
}

export interface MemoryContainerNeeds {
  id: string;
  imageId: string;
  spec: ContainerSpec;
  behaviour: Behaviour;
  emit(action: EngineEvent['action'], container: MemoryContainer): void;
}

/** Signals that end a program which has no handler for them. */
const deadly = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGUSR1: 10, SIGALRM: 14, SIGUSR2: 12 } as const;
const RESTART_MS = 100;

export function createMemoryContainer(needs: MemoryContainerNeeds): MemoryContainer {
  const { spec, behaviour } = needs;
  const waiting = new Set<(code: number) => void>();
  const timers = new Set<NodeJS.Timeout>();
  let handler: ((signal: string) => void) | null = null;
  let starts = 0;
  let stopped = false;
  let address: Record<string, string> = {};

  const details = initialDetails(needs);
  const container: MemoryContainer = {
    id: needs.id,
    spec,
    behaviour,
    details,
    lines: [],
    outputs: new Set(),
    stdin: new PassThrough(),
    terminal: null,
    start(addresses) {
      starts += 1;
      stopped = false;
      address = addresses;
      Object.assign(details, {
        state: 'running',
        startedAt: new Date().toISOString(),
        finishedAt: null,
        exitCode: null,
        error: null,
        pid: 1000 + Number.parseInt(needs.id.slice(-6), 16),
        addresses: { ...address },
      });
      needs.emit('start', container);
      live();
    },
    signal(name, { final = false } = {}) {
      if (name === 'SIGKILL') return container.kill();
      if (final) stopped = true;
      if (handler) return handler(name);
      if (name === 'SIGTERM') return onTerm();
      if (name in deadly) end({ code: 128 + deadly[name as keyof typeof deadly] });
    },
    end: (ending) => end(ending),
    kill() {
      stopped = true;
      end({ code: 137 });
    },
    onEnd(then) {
      waiting.add(then);
      return () => waiting.delete(then);
    },
  };

  const after = (ms: number, then: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
  };

  const onTerm = (): void => {
    if (behaviour.ignoresTerm) return;
    const ending = { code: behaviour.termCode ?? 143 };
    if (behaviour.termMs) after(behaviour.termMs, () => end(ending));
    else end(ending);
  };

  const live = (): void => {
    for (const line of behaviour.prints ?? []) write(container, `${line}\n`, 'stdout');
    const process: MemoryProcess = {
      spec,
      starts,
      print: (line, to = 'stdout') => write(container, `${line}\n`, to),
      write: (text, to = 'stdout') => write(container, text, to),
      exit: (code, options) => end({ code, ...options }),
      onSignal: (given) => {
        handler = given;
      },
      after,
      stdin: container.stdin,
    };
    if (!spec.stdin) container.stdin.end();
    behaviour.run?.(process);
    if (behaviour.exitAfterMs !== undefined) {
      after(behaviour.exitAfterMs, () => end({ code: behaviour.exitCode ?? 0, oom: behaviour.oom === true }));
    }
  };

  const end = ({ code, oom = false }: Ending): void => {
    if (details.state !== 'running') return;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    handler = null;
    Object.assign(details, {
      state: 'exited',
      finishedAt: new Date().toISOString(),
      exitCode: code,
      oomKilled: oom,
      pid: null,
      addresses: {},
    });
    endOutputs(container);
    if (oom) needs.emit('oom', container);
    needs.emit('die', container);
    for (const then of [...waiting]) then(code);
    waiting.clear();
    if (spec.restart === 'unless-stopped' && !stopped) {
      const again = setTimeout(() => {
        if (details.state === 'exited' && !stopped) container.start(address);
      }, RESTART_MS);
      timers.add(again);
    }
  };

  return container;
}

function initialDetails({ id, imageId, spec }: MemoryContainerNeeds): ContainerDetails {
  return {
    id,
    name: spec.name,
    labels: { ...spec.labels },
    state: 'created',
    imageId,
    addresses: {},
    createdAt: new Date().toISOString(),
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    error: null,
    pid: null,
    logPath: null,
  };
}

/** Output is kept by lines for `lastLines`, and handed to whoever is attached; with a terminal all of it is stdout. */
function write(container: MemoryContainer, text: string, to: 'stdout' | 'stderr'): void {
  if (container.spec.log !== 'none') {
    container.lines.push(...text.replace(/\n$/, '').split('\n'));
  }
  for (const output of container.outputs)
    (to === 'stderr' && output.stderr ? output.stderr : output.stdout).write(text);
}

function endOutputs(container: MemoryContainer): void {
  for (const output of container.outputs) {
    output.stdout.end();
    output.stderr?.end();
  }
  container.outputs.clear();
}

export function mustRun(container: MemoryContainer, doing: string): void {
  if (container.details.state !== 'running') {
    throw new PlatformError('conflict', `Could not ${doing}: the container ${container.id} is not running.`);
  }
}
