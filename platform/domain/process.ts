// Processes: one running copy of a process type in one container. The API and the CLI call it a dyno.
import type { Code } from './code.ts';

export type ProcessState = 'starting' | 'up' | 'idle' | 'crashed' | 'down';

/** process: kept running. release: the release phase. run: a one-off. build and router are the platform's own. */
export type ContainerKind = 'process' | 'release' | 'run' | 'build' | 'router';

/** One process as `ps` shows it. */
export interface ProcessStatus {
  id: string;
  appId: string;
  /** `web.1`, `run.4821`. */
  name: string;
  type: string;
  number: number;
  command: string;
  size: string;
  state: ProcessState;
  releaseId: string;
  releaseVersion: number;
  /** When the state last changed. */
  updatedAt: string;
  createdAt: string;
  /** How often it ended by itself and was started again, in this release and since somebody restarted it. */
  restarts: number;
  /**
   * What is wrong with it: why it crashed, also while the next one starts in its place and is not up yet; of one that runs,
   * what its memory is (R14, R15). Null: nothing that has a code.
   */
  code: Code | null;
}

/** What one process uses now. */
export interface Usage {
  /** Bytes, without page cache that can be dropped. */
  memory: number;
  memoryLimit: number;
  /** Processors, over the last seconds; null when it was read only once. */
  cpu: number | null;
}

export function processName(type: string, number: number): string {
  return `${type}.${number}`;
}

/** `web.1` → { type: 'web', number: 1 }; undefined when it is not such a name. */
export function parseProcessName(name: string): { type: string; number: number } | undefined {
  const match = /^([A-Za-z0-9_-]{1,63})\.(\d{1,9})$/.exec(name);
  return match ? { type: match[1]!, number: Number(match[2]) } : undefined;
}

/** Statuses of what was ended with its engine: by SIGKILL, by SIGTERM, and of what an engine lost. */
export const endedFromOutside: readonly number[] = [137, 143, 255];

/** The port web processes are told to listen on, inside their own network namespace. Unlike any framework's default, so that a hard-coded port is noticed. */
export const webPort = 5006;

/** Uid and gid of every app process and build (1000 is the first human on Ubuntu). */
export const appUid = 20012;
