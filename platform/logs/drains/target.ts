// What a drain's protocol has to offer: batches of lines go in, and it says when the receiver has them.
import type { DrainAddress } from '../../domain/log-drain.ts';
import type { LogLine } from '../../domain/log-line.ts';
import type { Connect } from './connect.ts';

/** null: no line of the stream, but ours for this receiver alone. */
export type DrainLine = LogLine & { sequence: number | null };

/** One in a batch. */
export type BatchLine = DrainLine & {
  /** With it, everything up to this sequence number is dealt with. */
  upTo: number;
  /** How many of the stream's lines, before it, had been dropped. */
  missed: number;
};

export interface DrainBatch {
  lines: BatchLine[];
  /** The lines after this sequence number… */
  before: number;
  /** …up to this one. */
  last: number;
  /** How many of the stream's lines, between the two, had been dropped. */
  missed: number;
}

export interface DrainTarget {
  /** Batches that may be on their way at once; with more than one their order may change. */
  readonly window: number;
  /** How long the first line after a silence waits for more to go with it. */
  readonly lingerMs: number;
  /** It can be told that a batch is the same one again, so the same lines have to go in it. */
  readonly repeatable: boolean;
  /**
   * Resolves when the receiver has the batch, as far as the protocol tells. When it rejects, the same batch is sent again.
   * @throws TooLarge when fewer lines may pass
   */
  send(batch: DrainBatch, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface TargetNeeds {
  address: DrainAddress;
  token: string;
  connect: Connect;
  /** Lines after this sequence number were handed over, but may not have arrived. */
  onBroken(after: number): void;
}

export class TooLarge extends Error {}
