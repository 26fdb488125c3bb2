// A drain's account: how far it is in its app's log, what arrived and what was lost, kept so that a killed server's next one knows it.
import { existsSync } from 'node:fs';
import { messageOf } from '../../domain/errors.ts';
import type { DrainStatus } from '../../domain/log-drain.ts';
import type { AppLog } from '../app-log.ts';
import { type DrainCursor, readCursor, updateCursor, writeCursor } from './cursor-file.ts';
import type { DrainBatch } from './target.ts';

export interface Account {
  /** All up to this sequence number has arrived, or is counted as lost. */
  sequence(): number;
  /** The end of the batch that has to be sent as it was. */
  sending(): number | null;
  setSending(last: number | null): void;
  /** Dropped before they were taken. What was not said in the stream before is said now. */
  missed(count: number, say: (count: number) => string): void;
  /** One that no receiver takes. */
  refused(text: string): void;
  /** @param refused how many of its lines were */
  settle(batch: DrainBatch, refused: number): void;
  /** Lines after this sequence number have to be sent again: on the disk from now on, and here once `goBack` is called. */
  doubt(after: number): void;
  inDoubt(): boolean;
  /** @returns the sequence number to go on after */
  goBack(): number;
  counts(): Pick<DrainStatus, 'lag' | 'delivered' | 'lost'>;
  /** Nothing is kept after it. */
  close(): void;
}

export interface AccountNeeds {
  log: AppLog;
  /** Its file. */
  path: string;
  onProblem(message: string): void;
}

/** Further back no connection goes that breaks. */
const rememberedBatches = 5000;

export function createAccount(needs: AccountNeeds): Account {
  const { log, path, onProblem } = needs;
  let cursor = restored(needs);
  /** What was counted of late, so that going back over it does not count it twice. */
  let counted: { end: number; delivered: number; missed: number; refused: number }[] = [];
  let lostAhead = 0;
  let doubted: number | null = null;
  /** Losses on the way ahead that were said already. */
  let saidAhead = cursor.told;
  let closed = false;
  /** Said once: a full disk keeps nothing, batch after batch. */
  let unkept = false;
  keep((now) => writeCursor(path, now, !existsSync(path)));

  /** What `counted` has after a sequence number is open again. */
  function goneBack(after: number): DrainCursor {
    const to = { ...cursor, sequence: Math.min(after, cursor.sequence), sending: null };
    for (const one of counted.filter(({ end }) => end > to.sequence)) {
      to.delivered -= one.delivered;
      to.lost -= one.missed + one.refused;
      to.told += one.missed;
    }
    return to;
  }

  const save = (): void => keep((now) => updateCursor(path, now));

  function keep(write: (cursor: DrainCursor) => void): void {
    if (closed) return;
    try {
      write(doubted === null ? cursor : goneBack(doubted));
      unkept = false;
    } catch (error) {
      if (unkept) return;
      unkept = true;
      onProblem(`How far it has delivered cannot be kept: ${messageOf(error)}.`);
    }
  }

  function say(count: number, text: string): void {
    try {
      log.append((batch) => batch.text('twelve', 'logs', text));
    } catch (error) {
      onProblem(`A loss of ${count} lines cannot be told: ${messageOf(error)}.`);
    }
  }

  return {
    sequence: () => cursor.sequence,
    sending: () => cursor.sending,
    setSending(last) {
      cursor.sending = last;
      save();
    },
    missed(count, textOf) {
      lostAhead += count;
      const anew = Math.max(0, count - saidAhead);
      saidAhead -= count - anew;
      if (anew === 0) return;
      say(anew, textOf(anew));
      cursor.told += anew;
      save();
    },
    refused(text) {
      lostAhead += 1;
      say(1, text);
    },
    settle({ last, missed, lines }, refused) {
      const delivered = lines.filter(({ sequence }) => sequence !== null).length;
      cursor.sequence = last;
      cursor.sending = null;
      cursor.delivered += delivered;
      cursor.lost += missed + refused;
      cursor.told -= missed;
      lostAhead -= missed + refused;
      counted.push({ end: last, delivered, missed, refused });
      if (counted.length > 2 * rememberedBatches) counted = counted.slice(-rememberedBatches);
      save();
    },
    doubt(after) {
      doubted = Math.min(doubted ?? after, after);
      save();
    },
    inDoubt: () => doubted !== null,
    goBack() {
      cursor = goneBack(doubted ?? cursor.sequence);
      counted = counted.filter(({ end }) => end <= cursor.sequence);
      doubted = null;
      lostAhead = 0;
      saidAhead = cursor.told;
      save();
      return cursor.sequence;
    },
    counts: () => ({
      lag: Math.max(0, log.last() - cursor.sequence - lostAhead),
      delivered: cursor.delivered,
      lost: cursor.lost + lostAhead,
    }),
    close() {
      save();
      closed = true;
    },
  };
}

/** From where it was; a new one from here on. */
function restored({ path, log, onProblem }: AccountNeeds): DrainCursor {
  const nothing = { delivered: 0, lost: 0, told: 0, sending: null };
  try {
    const known = readCursor(path);
    if (!known) return { ...nothing, sequence: log.last() };
    // A power cut may have taken the log's end.
    const sequence = Math.min(known.sequence, log.last());
    return { ...known, sequence, told: Math.min(known.told, log.last() - sequence) };
  } catch (error) {
    onProblem(
      `How far it had delivered cannot be read (${messageOf(error)}). All that the log keeps is sent again.`,
    );
    const firsts = [log.general, log.router].flatMap(({ segments }) => segments[0]?.first ?? []);
    return { ...nothing, sequence: Math.min(log.last(), ...firsts.map((first) => first - 1)) };
  }
}
