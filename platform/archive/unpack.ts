// A tar from anywhere → files below one folder: nothing outside it, no devices, no more than the limits, all of it or an error.
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { createPlacer } from './place.ts';
import { refused } from './refused.ts';

export interface UnpackLimits {
  /** Bytes of all files together. */
  bytes: number;
  /** Files, folders (also those that only lie on the way) and links together. */
  entries: number;
}

const block = 512;

/**
 * `into` must exist, and nobody else may write in it meanwhile. Owners and times are the archive's no longer; of the
 * modes only the exec bit stays. What was unpacked before a failure stays behind.
 * @throws PlatformError `invalid_params` naming the entry that is refused, or that the archive is damaged;
 *   `internal_server_error` when the disk is at fault; the signal's reason
 */
export async function unpack(
  tar: Readable,
  into: string,
  limits: UnpackLimits,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  // latin1 keeps every byte of a name.
  const reader = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0]);
  const end = watchEnd();
  const feeding = pipeline(tar, end.passing, reader as unknown as NodeJS.WritableStream, { ...options });
  let broken: unknown;
  feeding.catch((error: unknown) => {
    broken = error;
  });
  const budget = createBudget(limits);
  const place = createPlacer(into, budget.entry);
  try {
    for await (const entry of reader) {
      const { header } = entry;
      budget.bytes(header.size);
      await place(header, entry as unknown as AsyncIterable<Buffer>);
      end.after(header);
      entry.resume();
    }
    await feeding;
    if (!end.isMarked()) throw refused('it is cut off: its end is missing');
  } catch (error) {
    tar.destroy();
    options.signal?.throwIfAborted();
    throw asFailure(error, broken);
  }
}

function createBudget(limits: UnpackLimits): { bytes(count: number): void; entry(): void } {
  const left = { ...limits };
  return {
    bytes(count) {
      // The reader lets through what is no number at all, and would wait for it for ever.
      if (!(count >= 0) || count === null) throw refused('a size in it cannot be read');
      left.bytes -= count;
      if (left.bytes < 0) throw refused(`its files take more than ${limits.bytes} bytes`);
    },
    entry() {
      left.entries -= 1;
      if (left.entries < 0) throw refused(`it has more than ${limits.entries} entries`);
    },
  };
}

/**
 * An archive ends in two blocks of zeros. Without looking for them one that was cut between two entries would pass for a
 * whole one; zeros alone may also be the content of the last file.
 */
function watchEnd() {
  let total = 0;
  let zeros = 0;
  let content = 0;
  return {
    async *passing(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const piece of pieces) {
        total += piece.length;
        const last = piece.findLastIndex((one) => one !== 0);
        zeros = last === -1 ? zeros + piece.length : piece.length - 1 - last;
        yield piece;
      }
    },
    after(header: Header) {
      const { byteOffset } = header as Header & { byteOffset: number };
      const size = header.type === 'directory' ? 0 : Math.ceil(header.size / block) * block;
      content = byteOffset + size;
    },
    isMarked: () => Math.min(zeros, total - content) >= 2 * block,
  };
}

/** The disk's own failures, which no other archive would do anything about. */
const ofTheDisk = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE']);

function asFailure(error: unknown, broken: unknown): PlatformError {
  if (error instanceof PlatformError) return error;
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  // Without what Node adds: where it happened is our own business.
  const said = messageOf(broken && !syscall ? broken : error).split(`, ${syscall}`)[0];
  return ofTheDisk.has(code)
    ? new PlatformError(
        'internal_server_error',
        `The archive could not be unpacked: ${said}.`,
        {},
        { cause: error },
      )
    : new PlatformError('invalid_params', `The archive cannot be read: ${said}`, {}, { cause: error });
}
