// Following one container: from the engine's files into its app's log, a chunk at a turn.
import { readSync } from 'node:fs';
import { maxLineBytes, nowMicros } from '../domain/log-line.ts';
import { steadyMs } from '../domain/time-limit.ts';
import type { AppLog, Batch, Cursor } from './app-log.ts';
import type { EntryDecoder } from './entries.ts';
import { nameOf } from './format.ts';
import { createJoiner } from './joiner.ts';
import { createSpool, fingerprintOf, type SpoolFile } from './spool.ts';

export interface Container {
  id: string;
  appId: string;
  /** `web.1` */
  process: string;
  /** As the engine names it, and as we can open it. */
  logPath: string;
  /** The release it runs. */
  release?: number;
}

/** more: there is more to read at once. some: what there was is read. quiet: there was nothing. ended: all is read for ever. */
export type Turn = 'more' | 'some' | 'quiet' | 'ended';

export interface Follower {
  readonly container: Container;
  turn(): Turn;
  /** The container has ended: the turn that finds nothing more is the last one. */
  expectEnd(): void;
  close(): void;
}

export interface FollowerNeeds {
  container: Container;
  log: AppLog;
  /** Shared by all followers, since a turn is synchronous. */
  decoder: EntryDecoder;
  chunk: Buffer;
  onProblem: (message: string) => void;
}

/** How long the last entry of an ended container may stay half written. */
const tornEntryMs = 500;
/** How long a log may take to appear before that is a problem to be told. */
const missingMs = 10_000;
const entryStart = Buffer.from('{"log":"');

export function createFollower({ container, log, decoder, chunk, onProblem }: FollowerNeeds): Follower {
  const cursor = log.cursor(container.id);
  const spool = createSpool(container.logPath, cursor);
  const joiner = createJoiner();
  const name = nameOf(container.process, container.release);
  let endExpected = false;
  let tornSince = 0;
  let missingSince = 0;
  let missingSaid = false;
  if (cursor) joiner.restore(cursor.carry);

  function turn(): Turn {
    spool.look();
    const file = spool.current();
    if (!file) return endExpected ? endWithoutFile() : awaitFile();
    if (spool.hasMore()) {
      const bytes = chunk.subarray(0, readSync(file.descriptor, chunk, 0, chunk.length, file.offset));
      if (take(file, bytes)) {
        tornSince = 0;
        return bytes.length === chunk.length || spool.isFinal() || endExpected ? 'more' : 'some';
      }
      return leftover(file, bytes);
    }
    if (spool.isFinal()) {
      spool.advance();
      return 'more';
    }
    return endExpected ? end(file) : 'quiet';
  }

  /** Stores all whole entries of a chunk together with the new offset. False when there is none. */
  function take(file: SpoolFile, bytes: Buffer): boolean {
    const carry = joiner.carry();
    const before = { ...file };
    try {
      if (file.amidst) return skip(file, bytes);
      if (bytes.indexOf(0x0a) >= 0) {
        store(file, (batch) => takeEntries(file, bytes, batch));
        return true;
      }
      if (bytes.length < chunk.length) return false;
      file.amidst = true;
      abandon(file, bytes, `1 line lost: the engine's log holds one that has no end.`);
      return true;
    } catch (error) {
      Object.assign(file, before);
      joiner.restore(carry);
      throw error;
    }
  }

  function skip(file: SpoolFile, bytes: Buffer): boolean {
    const newline = bytes.indexOf(0x0a);
    file.amidst = newline < 0;
    file.offset += newline < 0 ? bytes.length : newline + 1;
    return true;
  }

  function store(file: SpoolFile, fill: (batch: Batch) => void): void {
    log.append((batch) => {
      if (file.lossBefore)
        announce(batch, 'Lines lost: the engine rotated its log away before it could be read.');
      fill(batch);
    });
    file.lossBefore = false;
  }

  function takeEntries(file: SpoolFile, bytes: Buffer, batch: Batch): void {
    const base = file.offset;
    const line = (text: Buffer, start: number, end: number, time: number): void =>
      batch.line('app', name, time, text, start, end);
    let at = 0;
    for (let newline = bytes.indexOf(0x0a); newline >= 0; newline = bytes.indexOf(0x0a, at)) {
      if (file.offset === 0) identify(file, bytes.subarray(0, newline + 1));
      if (decoder.decode(bytes, at, newline)) joiner.take(decoder.entry, line);
      else salvage(bytes.subarray(at, newline), batch, line);
      at = newline + 1;
      file.offset = base + at;
      if (batch.full()) {
        batch.cursor(position(file));
        batch.endFrame();
      }
    }
    batch.cursor(position(file));
  }

  /** An engine killed while writing leaves a torn entry, and the next one behind it on the same line. */
  function salvage(bytes: Buffer, batch: Batch, line: Parameters<typeof joiner.take>[1]): void {
    const start = bytes.lastIndexOf(entryStart);
    announce(batch, `1 line lost: the engine's log holds ${bytes.length} bytes that are no entry.`);
    if (start > 0 && decoder.decode(bytes, start, bytes.length)) joiner.take(decoder.entry, line);
  }

  function identify(file: SpoolFile, first: Buffer): void {
    file.firstBytes = first.length;
    file.fingerprint = fingerprintOf(first);
  }

  /** Goes on behind bytes that hold no entry, and says so. */
  function abandon(file: SpoolFile, bytes: Buffer, text: string): void {
    store(file, (batch) => {
      announce(batch, text);
      if (file.offset === 0) identify(file, bytes);
      file.offset += bytes.length;
      batch.cursor(position(file));
    });
  }

  function position(file: SpoolFile): Cursor {
    const { fingerprint, firstBytes, offset } = file;
    const { id, logPath } = container;
    return { container: id, logPath, fingerprint, firstBytes, offset, carry: joiner.carry() };
  }

  function announce(batch: Batch, text: string): void {
    batch.line(
      'twelve',
      name,
      nowMicros(),
      Buffer.from(text),
      0,
      Math.min(maxLineBytes, Buffer.byteLength(text)),
    );
  }

  /** Bytes without a newline at the end of what there is: the engine is writing, or was killed while it did. */
  function leftover(file: SpoolFile, bytes: Buffer): Turn {
    if (!spool.isFinal()) {
      if (!endExpected) return 'quiet';
      tornSince ||= steadyMs();
      if (steadyMs() - tornSince < tornEntryMs) return 'quiet';
    }
    abandon(file, bytes, `1 line lost: the engine's log ends in half an entry.`);
    return 'more';
  }

  /** The line that was open is complete now. */
  function end(file: SpoolFile): Turn {
    if (joiner.isOpen()) {
      const carry = joiner.carry();
      try {
        store(file, (batch) => {
          joiner.flush((text, start, end, time) => batch.line('app', name, time, text, start, end));
          batch.cursor(position(file));
        });
      } catch (error) {
        joiner.restore(carry);
        throw error;
      }
    } else if (file.lossBefore) store(file, () => {});
    return 'ended';
  }

  /** A container that runs has a log; when it stays unseen, the engine keeps its files where we do not look. */
  function awaitFile(): Turn {
    missingSince ||= steadyMs();
    if (missingSaid || steadyMs() - missingSince < missingMs) return 'quiet';
    missingSaid = true;
    onProblem(
      `The log of ${container.process} is not at ${container.logPath}. If the engine's folder is seen under another path from here, set TWELVE_ENGINE_CONTAINERS to it.`,
    );
    return 'quiet';
  }

  function endWithoutFile(): Turn {
    const loss = cursor ? 'Lines may be lost' : 'All lines lost';
    log.append((batch) => announce(batch, `${loss}: the engine's log is gone (${container.logPath}).`));
    return 'ended';
  }

  return {
    container,
    turn,
    expectEnd() {
      endExpected = true;
    },
    close: spool.close,
  };
}
