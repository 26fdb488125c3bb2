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
  /** Lines up to this one were handed over once before: what the budget dropped of them may have arrived. */
  handed(): number;
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

/** Further back no connection goes that breaks, small batches being put together. */
const rememberedBatches = 5000;
/** So many of the last ones are kept apart: a receiver that keeps up has not read some of these. */
const apart = 1000;
const togetherLines = 500;

interface Counted {
  before: number;
  end: number;
  delivered: number;
  missed: number;
  refused: number;
}

export function createAccount(needs: AccountNeeds): Account {
  const { log, path, onProblem } = needs;
  let cursor = restored(needs);
  /** What was counted of late, so that going back over it does not count it twice. */
  let counted: Counted[] = [];
  let lostAhead = 0;
  let doubted: number | null = null;
  /** Losses on the way ahead that were said already. */
  let saidAhead = cursor.told;
  let closed = false;
  /** Said once: a full disk keeps nothing, batch after batch. */
  let unkept = false;
  keep((now) => writeCursor(path, now, !existsSync(path)));

  /** What `counted` has after a sequence number is open again, and what was counted together with that. */
  function goneBack(after: number): DrainCursor {
    const open = counted.filter(({ end }) => end > after);
    const sequence = Math.min(after, open[0]?.before ?? after, cursor.sequence);
    const to = { ...cursor, sequence, sending: null, handed: Math.max(cursor.handed, cursor.sequence) };
    for (const one of open) {
      to.delivered -= one.delivered;
      to.lost -= one.missed + one.refused;
      to.told += one.missed;
    }
    return to;
  }

  function remember(one: Counted): void {
    counted.push(one);
    const [into, next] = [counted.at(-apart - 2), counted.at(-apart - 1)];
    if (into && next && into.end - into.before < togetherLines) {
      for (const what of ['delivered', 'missed', 'refused'] as const) into[what] += next[what];
      into.end = next.end;
      counted.splice(-apart - 1, 1);
    }
    if (counted.length > 2 * rememberedBatches) counted = counted.slice(-rememberedBatches);
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
    settle({ before, last, missed, lines }, refused) {
      const delivered = lines.filter(({ sequence }) => sequence !== null).length;
      cursor.sequence = last;
      cursor.sending = null;
      cursor.delivered += delivered;
      cursor.lost += missed + refused;
      cursor.told -= missed;
      lostAhead -= missed + refused;
      remember({ before, end: last, delivered, missed, refused });
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
    handed: () => cursor.handed,
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
  const nothing = { delivered: 0, lost: 0, told: 0, sending: null, handed: 0 };
  try {
    const known = readCursor(path);
    if (!known) return { ...nothing, sequence: log.last() };
    // A power cut may have taken the log's end.
    const sequence = Math.min(known.sequence, log.last());
    const told = Math.min(known.told, log.last() - sequence);
    return { ...known, sequence, told, handed: Math.min(known.handed, log.last()) };
  } catch (error) {
    onProblem(
      `How far it had delivered cannot be read (${messageOf(error)}). All that the log keeps is sent again.`,
    );
    const firsts = [log.general, log.router].flatMap(({ segments }) => segments[0]?.first ?? []);
    return { ...nothing, sequence: Math.min(log.last(), ...firsts.map((first) => first - 1)) };
  }
}
