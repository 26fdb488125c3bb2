// A tar from anywhere → files below one folder: nothing outside it, no devices, no more than the limits.
import { createWriteStream, type Stats } from 'node:fs';
import { link, lstat, mkdir, rm, symlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { messageOf, PlatformError } from '../domain/errors.ts';

export interface UnpackLimits {
  /** Bytes of all files together. */
  bytes: number;
  /** Files, folders and links together. */
  entries: number;
}

/**
 * `into` must exist, and nobody else may write in it meanwhile. Owners and times are the archive's no longer; of the
 * modes only the exec bit stays.
 * @throws PlatformError `invalid_params` naming the entry that is refused, or that the archive is damaged
 */
export async function unpack(
  tar: Readable,
  into: string,
  limits: UnpackLimits,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  // latin1 keeps every byte of a name; `bytesOf` turns it back.
  const reader = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0]);
  const feeding = pipeline(tar, reader as unknown as NodeJS.WritableStream, { ...options });
  let broken: unknown;
  feeding.catch((error: unknown) => {
    broken = error;
  });
  const left = { ...limits };
  try {
    for await (const entry of reader) {
      const { header } = entry;
      left.entries -= 1;
      left.bytes -= header.size;
      if (left.entries < 0) throw refused(`it has more than ${limits.entries} entries`);
      if (left.bytes < 0) throw refused(`its files take more than ${limits.bytes} bytes`);
      await place(header, entry as unknown as AsyncIterable<Buffer>, into);
      entry.resume();
    }
    await feeding;
  } catch (error) {
    tar.destroy();
    options.signal?.throwIfAborted();
    if (error instanceof PlatformError) throw error;
    throw new PlatformError(
      'invalid_params',
      `The archive cannot be read: ${messageOf(broken ?? error)}`,
      {},
      { cause: error },
    );
  }
}

async function place(header: Header, content: AsyncIterable<Buffer>, into: string): Promise<void> {
  const parts = partsOf(header.name, header.name);
  const type = header.type;
  if (parts.length === 0) {
    if (type === 'directory') return;
    throw refused(`the entry "${shown(header.name)}" has no name`);
  }
  const path = await ready(parts, into, header, 'path');
  switch (type) {
    case 'directory':
      if (!(await stat(path))?.isDirectory()) await replace(path, () => mkdir(path, { mode: 0o755 }));
      return;
    case 'file':
    case 'contiguous-file': {
      const mode = header.mode & 0o100 ? 0o755 : 0o644;
      await replace(path, () => pipeline(pieces(content), createWriteStream(path, { mode, flags: 'wx' })));
      return;
    }
    case 'symlink':
      checkSymlink(header, parts.length - 1);
      await replace(path, () => symlink(bytesOf(header.linkname, header, 'linkpath'), path));
      return;
    case 'link':
      await hardLink(header, path, into);
      return;
    default:
      throw refused(`"${shown(header.name)}" is a ${type}; only files, folders and links are taken`);
  }
}

/** Read piece by piece: a pipeline over a stream that broke before it was looked at would wait for ever. */
async function* pieces(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of content) yield piece;
}

/** Makes the folders on the way; none of them may be a link, or the entry would land somewhere else. */
async function ready(
  parts: readonly string[],
  into: string,
  header: Header,
  record: 'path' | 'linkpath',
): Promise<Buffer> {
  let path = Buffer.from(into);
  for (const [index, part] of parts.entries()) {
    path = Buffer.concat([path, Buffer.from('/'), bytesOf(part, header, record)]);
    if (index === parts.length - 1) break;
    const found = await stat(path);
    if (!found) await mkdir(path, { mode: 0o755 });
    else if (!found.isDirectory()) {
      throw refused(`"${shown(header.name)}" lies below "${shown(part)}", which is not a folder`);
    }
  }
  return path;
}

/** A later entry of the same name wins, as with tar; a folder is only replaced while it is empty. */
async function replace(path: Buffer, make: () => Promise<unknown>): Promise<void> {
  const found = await stat(path);
  if (found?.isDirectory())
    throw refused(`"${shown(path.toString('latin1'))}" is there twice, once as a folder`);
  if (found) await rm(path);
  await make();
}

/**
 * `..` only at the front, and no more of them than there are folders above: since the folders above are real ones and
 * every other link obeys the same rule, no chain of links leaves the folder.
 */
function checkSymlink(header: Header, depth: number): void {
  const target = (header.linkname ?? '').split('/').filter((part) => part !== '' && part !== '.');
  const ups = target.findIndex((part) => part !== '..');
  const front = ups === -1 ? target.length : ups;
  const outside = header.linkname?.startsWith('/') || front > depth || target.slice(front).includes('..');
  if (outside || !header.linkname) {
    throw refused(
      `the link "${shown(header.name)}" points to "${shown(header.linkname ?? '')}", which may be outside`,
    );
  }
}

async function hardLink(header: Header, path: Buffer, into: string): Promise<void> {
  const target = header.linkname ?? '';
  const from = await ready(partsOf(target, header.name), into, header, 'linkpath');
  const found = await stat(from);
  if (!found?.isFile()) {
    throw refused(
      `the hard link "${shown(header.name)}" points to "${shown(target)}", which is no file before it`,
    );
  }
  await replace(path, () => link(from, path));
}

function partsOf(name: string, entry: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw refused(`"${shown(entry)}" would be outside the folder`);
  }
  return parts;
}

/** PAX records are UTF-8 by definition and were read so; all other names were read byte by byte. */
function bytesOf(text: string, header: Header, record: 'path' | 'linkpath'): Buffer {
  const records = header.pax as Record<string, string> | null | undefined;
  return Buffer.from(text, records?.[record] === undefined ? 'latin1' : 'utf8');
}

async function stat(path: Buffer): Promise<Stats | undefined> {
  return await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200)).slice(1, -1);
}

function refused(why: string): PlatformError {
  return new PlatformError('invalid_params', `The archive is refused: ${why}.`);
}
