// One entry of an archive → a file, folder or link below a folder; what would be anything else is refused.
import { createWriteStream, type Stats } from 'node:fs';
import { link, lstat, mkdir, rm, symlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Header } from 'tar-stream';
import { refused, shown } from './refused.ts';

/** Names come as latin1, a letter a byte; PAX records are UTF-8 by definition and come as text. */
type Named = 'path' | 'linkpath';

/** @param count told of everything that is made, before it is made; what it throws ends the unpacking */
export function createPlacer(
  into: string,
  count: () => void,
): (header: Header, content: AsyncIterable<Buffer>) => Promise<void> {
  async function place(header: Header, content: AsyncIterable<Buffer>): Promise<void> {
    const parts = partsOf(header.name, header.name);
    const type = typeOf(header);
    if (parts.length === 0) {
      if (type === 'directory') return;
      throw refused(`the entry "${shown(header.name)}" has no name`);
    }
    const path = await way(parts, header, 'path');
    switch (type) {
      case 'directory':
        if (!(await stat(path))?.isDirectory()) await replace(path, () => mkdir(path, { mode: 0o755 }));
        return;
      case 'file':
      case 'contiguous-file': {
        const mode = header.mode & 0o100 ? 0o755 : 0o644;
        await replace(path, () => write(content, path, mode));
        return;
      }
      case 'symlink':
        checkSymlink(header, parts.length - 1);
        await replace(path, () => symlink(bytesOf(header.linkname ?? '', header, 'linkpath'), path));
        return;
      case 'link':
        await hardLink(header, path);
        return;
      default:
        throw refused(
          `"${shown(header.name)}" is ${type ? `a ${type}` : 'of a kind that is not known'}; only files, folders and links are taken`,
        );
    }
  }

  /** Makes the folders on the way; none of them may be a link, or the entry would land somewhere else. */
  async function way(parts: readonly string[], header: Header, record: Named): Promise<Buffer> {
    let path = Buffer.from(into);
    for (const [index, part] of parts.entries()) {
      path = Buffer.concat([path, Buffer.from('/'), bytesOf(part, header, record)]);
      if (index === parts.length - 1) break;
      const found = await stat(path);
      if (!found) {
        count();
        await mkdir(path, { mode: 0o755 });
      } else if (!found.isDirectory()) {
        throw refused(`"${shown(header.name)}" lies below "${shown(part)}", which is not a folder`);
      }
    }
    return path;
  }

  async function hardLink(header: Header, path: Buffer): Promise<void> {
    const target = header.linkname ?? '';
    const from = await way(partsOf(target, header.name), header, 'linkpath');
    const found = await stat(from);
    if (!found?.isFile()) {
      throw refused(
        `the hard link "${shown(header.name)}" points to "${shown(target)}", which is no file before it`,
      );
    }
    // A file's own name for itself: it is there already.
    if (!from.equals(path)) await replace(path, () => link(from, path));
  }

  return async (header, content) => {
    count();
    checkRecords(header);
    try {
      await place(header, content);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
      throw refused(`the name "${shown(header.name)}" is too long for a file system`);
    }
  };
}

/** Archives from before there was a type for folders say it by a slash at the end of the name. */
function typeOf(header: Header): Header['type'] {
  return header.type === 'file' && header.name.endsWith('/') ? 'directory' : header.type;
}

async function write(content: AsyncIterable<Buffer>, path: Buffer, mode: number): Promise<void> {
  const file = createWriteStream(path, { mode, flags: 'wx' });
  const closed = new Promise<void>((resolve) => file.once('close', () => resolve()));
  // A content that breaks at once is told before the file is made: the caller must not meet it later.
  await pipeline(pieces(content), file).finally(() => closed);
}

/** Read piece by piece: a pipeline over a stream that broke before it was looked at would wait for ever. */
async function* pieces(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of content) yield piece;
}

/** A later entry of the same name wins, as with tar; a folder is only replaced while it is empty. */
async function replace(path: Buffer, make: () => Promise<unknown>): Promise<void> {
  const found = await stat(path);
  if (found?.isDirectory()) {
    const name = path.subarray(path.lastIndexOf('/') + 1).toString('latin1');
    throw refused(`"${shown(name)}" is there twice, once as a folder`);
  }
  if (found) await rm(path);
  await make();
}

/**
 * `..` only at the front, and no more of them than there are folders above: since the folders above are real ones and
 * every other link obeys the same rule, no chain of links leaves the folder.
 */
function checkSymlink(header: Header, depth: number): void {
  const target = header.linkname ?? '';
  const steps = target.split('/').filter((part) => part !== '' && part !== '.');
  const ups = steps.findIndex((part) => part !== '..');
  const front = ups === -1 ? steps.length : ups;
  const outside = target.startsWith('/') || front > depth || steps.slice(front).includes('..');
  if (outside || target === '' || target.includes('\0')) {
    throw refused(`the link "${shown(header.name)}" points to "${shown(target)}", which may be outside`);
  }
}

function partsOf(name: string, entry: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw refused(`"${shown(entry)}" would be outside the folder`);
  }
  return parts;
}

function recordsOf(header: Header): Partial<Record<string, string>> {
  return (header.pax as Record<string, string> | null | undefined) ?? {};
}

/** What would come out as something else than went in. */
function checkRecords(header: Header): void {
  const records = recordsOf(header);
  if (Object.keys(records).some((key) => key.startsWith('GNU.sparse.')))
    throw refused(`"${shown(header.name)}" is a sparse file; pack it without --sparse`);
  // The reader has put this letter where bytes were that it could not read.
  if (`${records['path']}${records['linkpath']}`.includes('\ufffd'))
    throw refused(
      `the name "${shown(header.name)}" has a PAX header that is not UTF-8; use tar's gnu format`,
    );
}

function bytesOf(text: string, header: Header, record: Named): Buffer {
  return Buffer.from(text, recordsOf(header)[record] ? 'utf8' : 'latin1');
}

async function stat(path: Buffer): Promise<Stats | undefined> {
  return await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
