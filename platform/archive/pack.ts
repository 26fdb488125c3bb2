// A folder → a tar whose bytes depend only on names, contents, exec bits and links: same tree, same digest.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { appUid } from '../domain/process.ts';

export interface PackInput {
  /** Folder that the names below are relative to. */
  root: string;
  /** Folders that go in without what they hold, e.g. `app`: the way down to the entries. */
  folders: readonly string[];
  /** What goes in with everything below it: paths relative to `root`, as bytes since names need not be UTF-8. */
  entries: readonly Buffer[];
  /** File the tar is written to; made or emptied. Null: only its digest is wanted. */
  write: string | null;
  /** Told of every piece written; what it throws ends the packing. */
  onBytes?: (bytes: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * GNU tar reads the tree (it never follows a link, and does ten thousand small files in a tenth of a second); we hash
 * what it says while writing it down.
 * @returns digest and size of the tar, which is not yet forced to disk
 * @throws PlatformError `build_failed` with tar's own words; or the signal's reason; or what `onBytes` threw
 */
export async function packLayer(input: PackInput): Promise<{ digest: string; size: number }> {
  input.signal?.throwIfAborted();
  const tar = spawn('tar', tarArguments(input), {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A fixed environment: no TAR_OPTIONS from outside, and messages in one language, one time zone.
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC0' },
  });
  const ended = once(tar, 'close') as Promise<[number | null]>;
  ended.catch(() => undefined);
  const stop = (): void => void tar.kill('SIGKILL');
  input.signal?.addEventListener('abort', stop, { once: true });
  const talk = listen(tar.stderr);
  // A tar that died early says why on stderr; the pipe it broke adds nothing.
  tar.stdin.on('error', () => undefined).end(nameList(input.entries));
  try {
    const result = await writeHashed(tar.stdout, input);
    const [status] = await ended;
    input.signal?.throwIfAborted();
    if (status !== 0) throw failure(talk.complaint.trim() || `tar ended with ${status}`);
    if (talk.whiteout) {
      throw failure(
        `"${talk.whiteout}": names that start with ".wh." mean a deletion in image layers. Rename it.`,
      );
    }
    return result;
  } catch (error) {
    input.signal?.throwIfAborted();
    throw error instanceof PlatformError ? error : failure(messageOf(error), error);
  } finally {
    input.signal?.removeEventListener('abort', stop);
    stop();
  }
}

/**
 * gnu format: names of any length and bytes, in headers that depend on no locale or process id. Mode: only the exec bit
 * says something, the rest repeats somebody's umask; setuid, setgid and sticky bits are dropped. b128: 64 KB a write,
 * what a pipe holds.
 */
function tarArguments(input: PackInput): string[] {
  return [
    '--create',
    '--verbose',
    '--file=-',
    '--format=gnu',
    '-b128',
    '--sort=name',
    '--mtime=1970-01-01 00:00:01',
    `--owner=:${appUid}`,
    `--group=:${appUid}`,
    '--numeric-owner',
    '--mode=u+rwX,go+rX,go-w,ug-s,-t',
    `--directory=${input.root}`,
    '--no-unquote',
    '--no-recursion',
    ...input.folders,
    '--recursion',
    '--null',
    '--files-from=-',
  ];
}

/** tar's stderr: the names it packed (escaped, one a line), and what it complains of. */
function listen(stderr: Readable): { complaint: string; whiteout: string | null } {
  const heard: ReturnType<typeof listen> = { complaint: '', whiteout: null };
  let rest = '';
  stderr.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('tar: ') && heard.complaint.length < 500) heard.complaint += `${line}\n`;
      else if (line.includes('/.wh.')) heard.whiteout ??= line;
    }
  });
  return heard;
}

function nameList(entries: readonly Buffer[]): Buffer {
  const sorted = [...entries].sort(Buffer.compare);
  return Buffer.concat(sorted.flatMap((entry) => [entry, Buffer.of(0)]));
}

async function writeHashed(stdout: Readable, input: PackInput): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const hashed = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      hash.update(piece);
      size += piece.length;
      input.onBytes?.(piece.length);
      yield piece;
    }
  };
  const target = input.write === null ? nowhere() : createWriteStream(input.write, { mode: 0o600 });
  await pipeline(stdout, hashed, target);
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

function nowhere(): Writable {
  return new Writable({ write: (_piece, _encoding, done) => done() });
}

function failure(what: string, cause?: unknown): PlatformError {
  return new PlatformError('build_failed', `Packing the app failed: ${what}`, {}, { cause });
}
