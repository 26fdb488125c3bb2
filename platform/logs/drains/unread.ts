// What a receiver that acknowledges nothing may not have read of one connection: by time while it reads, by bytes while it
// does not keep up, and by what its machine has acknowledged.
import type { Outstanding } from './outstanding.ts';

export interface Unread {
  /** Before bytes are given to the kernel. @param before the sequence number before the first line in them */
  writing(bytes: number, before: number): void;
  /** The kernel has taken them. */
  written(): void;
  /**
   * Before the kernel is asked how much of it the other machine has not acknowledged.
   * @returns what takes the answer, and returns whether all is acknowledged
   */
  asking(): (outstanding: Outstanding) => boolean;
  /** @returns the sequence number to go back to; undefined when all was read */
  since(): number | undefined;
  /** The same of a receiver that is known to hang: time says nothing of what it has read. */
  sinceHung(): number | undefined;
}

interface Mark {
  before: number;
  bytes: number;
  /** Of all that was written up to here. */
  end: number;
  at: number;
}

/** A receiver that keeps up has read what its machine got so long before. */
const doubtMs = 5000;
/** A write that waits longer says that it does not keep up. */
const stallMs = 250;
/** More than a connection holds: Linux lets the receiver's end of it grow to 32 MB, and ours to 4 MB. */
const heldBytes = 40 << 20;
/** What was read at least while a write had to wait: it goes on when a good part of our end is free again. */
const readBytes = 64 * 1024;
/** Whoever takes longer to read what lies there is not waited for. */
const mostSlowMs = 3_600_000;
/** Going back by bytes is as fine as this, so that few marks are enough. */
const grain = 64 * 1024;

export function createUnread(now: () => number): Unread {
  /** Writes together, a `grain` or more of them, the oldest first: unread only where the receiver does not keep up. */
  const older: Mark[] = [];
  /** Each one write of the last `doubtMs`. */
  const recent: Mark[] = [];
  /** How many bytes were acknowledged when that was asked within the last `doubtMs`. */
  let answers: { acknowledged: number; unanswered: boolean; at: number }[] = [];
  let bytesKept = 0;
  let given = 0;
  let taken = 0;
  /** When the write under way began. */
  let pendingSince: number | null = null;
  /** So long it may take to read what lay there when a write had to wait. */
  let slowUntil = Number.NEGATIVE_INFINITY;

  function forget(): void {
    while (recent.length > 0 && recent[0]!.at < now() - doubtMs) {
      const mark = recent.shift()!;
      const last = older.at(-1);
      if (last && last.bytes < grain) Object.assign(last, { bytes: last.bytes + mark.bytes, end: mark.end });
      else older.push(mark);
    }
    while (older.length > 0 && bytesKept - older[0]!.bytes >= heldBytes) bytesKept -= older.shift()!.bytes;
  }

  const lately = () => answers.filter(({ at }) => at >= now() - doubtMs);
  const oldest = (): number | undefined => (older[0] ?? recent[0])?.before;

  return {
    writing(bytes, before) {
      pendingSince = now();
      given += bytes;
      recent.push({ before, bytes, end: given, at: pendingSince });
      bytesKept += bytes;
    },
    written() {
      const done = now();
      const waited = done - (pendingSince ?? done);
      pendingSince = null;
      recent.at(-1)!.at = done;
      taken = given;
      if (waited > stallMs)
        slowUntil = Math.max(slowUntil, done + Math.min(mostSlowMs, waited * (heldBytes / readBytes)));
      forget();
    },
    asking() {
      const before = taken;
      return ({ bytes, unanswered }) => {
        const acknowledged = Math.max(0, before - bytes);
        answers = [...lately(), { acknowledged, unanswered, at: now() }];
        return acknowledged === given;
      };
    },
    since() {
      // A machine that does not answer says nothing of how its receiver reads.
      const away = lately().at(-1)?.unanswered === true;
      const waits = pendingSince !== null && now() - pendingSince > stallMs && !away;
      if (waits || now() < slowUntil) return oldest();
      const acknowledged = Math.min(...lately().map((one) => one.acknowledged));
      const isUnread = ({ end, at }: Mark): boolean => end > acknowledged || at >= now() - doubtMs;
      return (older.find(isUnread) ?? recent.find(isUnread))?.before;
    },
    sinceHung: oldest,
  };
}
