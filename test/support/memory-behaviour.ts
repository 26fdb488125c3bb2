// What a simulated container does: a few facts, or a little program.
import type { Readable } from 'node:stream';
import type { ContainerSpec, EnterOrder } from '../../platform/engine/engine.ts';

/** A container that is not described otherwise runs until it is stopped, and ends by TERM with 143. */
export interface Behaviour {
  /** Ends by itself after this long (0: at once, but after `start` has resolved). */
  exitAfterMs?: number;
  /** Status of that end. */
  exitCode?: number;
  /** That end was the kernel's, for want of memory. */
  oom?: boolean;
  ignoresTerm?: boolean;
  /** How long it takes to end after TERM. */
  termMs?: number;
  /** Status after TERM. */
  termCode?: number;
  /** Lines printed at the start. */
  prints?: string[];
  /** `start` fails with this sentence. */
  startError?: string;
  /** Instead of the next address of its network, e.g. one where the test listens. */
  address?: string;
  /** Bytes. */
  memory?: number;
  cpuSeconds?: number;
  exec?: (command: readonly string[]) => { exitCode: number; output: string };
  /** A program of `enter`; without it, it runs until it is signalled. */
  enter?: (guest: MemoryGuest) => void;
  /** Anything else. */
  run?: (process: MemoryProcess) => void;
}

/** The inside of a container, for `run`. */
export interface MemoryProcess {
  spec: ContainerSpec;
  /** How many times this container was started, this one included. */
  starts: number;
  print(line: string, to?: 'stdout' | 'stderr'): void;
  /** Raw output, without line end. */
  write(text: string, to?: 'stdout' | 'stderr'): void;
  exit(code: number, options?: { oom?: boolean }): void;
  /** Called for each signal but KILL; without it the container's other facts decide. */
  onSignal(handler: (signal: string) => void): void;
  after(ms: number, then: () => void): void;
  /** Empty and ended where the container has no stdin. */
  stdin: Readable;
}

/** The inside of a program that a caller runs in a container. */
export interface MemoryGuest {
  order: EnterOrder;
  stdin: Readable;
  print(line: string, to?: 'stdout' | 'stderr'): void;
  exit(code: number): void;
  /** Without it a signal ends it. */
  onSignal(handler: (signal: string) => void): void;
  onResize(handler: (columns: number, rows: number) => void): void;
}

export type BehaviourOf = (spec: ContainerSpec) => Behaviour | undefined;
