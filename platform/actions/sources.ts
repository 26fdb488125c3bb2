// Sources that clients give as archives: sent to us or fetched, kept until their build has ended, unpacked for it.
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Download, fetchableUrl, shownUrl as shown } from '../domain/address.ts';
import { messageOf, notFound, PlatformError } from '../domain/errors.ts';
import { checkSum, keepArchive, stripOnlyFolder, unpackFile } from './source-archive.ts';

export interface Sources {
  /** A place for an archive that a client will send. @returns its id */
  expect(): string;
  /** @throws PlatformError `not_found`, `invalid_params` when it is too large */
  receive(id: string, archive: Readable): Promise<void>;
  /** The file of what was sent. @throws PlatformError `not_found` */
  sent(id: string): string;
  /** What was sent is what this build is of, whatever is sent later. @throws PlatformError `not_found` */
  keepFor(buildId: string, id: string): void;
  /** The build's archive, fetched where it is not here yet, into an empty folder. */
  provide(request: SourceRequest): Promise<void>;
  /** The build needs it no more. */
  remove(buildId: string): Promise<void>;
  /** At start: what no build needs, and what was sent and not used for a day. */
  sweep(pending: ReadonlySet<string>): void;
}

export interface SourceRequest {
  buildId: string;
  url: string | null;
  shownUrl: string;
  checksum: string | null;
  into: string;
  signal: AbortSignal;
  /** A line of the build's output. */
  note(line: string): void;
}

interface Needs {
  folder: string;
  /** Bytes of an archive, and of the files in it. */
  limitBytes: number;
  download: Download;
}

const dayMs = 24 * 60 * 60_000;

export function createSources({ folder, limitBytes, download }: Needs): Sources {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (id: string, kind: 'sent' | 'build'): string =>
    join(folder, `${id.replace(/[^0-9a-f-]/g, '')}.${kind}`);
  const sent = (id: string): string => {
    const path = file(id, 'sent');
    if (existsSync(path)) return path;
    throw notFound('source', 'Nothing was sent there. Send the archive first (PUT to its put_url).');
  };
  /** Ids that an archive may be sent to. */
  const expected = new Map<string, number>();
  const fetchArchive = async (url: URL, path: string, signal: AbortSignal): Promise<number> => {
    try {
      return await keepArchive(await download(url, { maxBytes: limitBytes, signal }), path, limitBytes);
    } catch (error) {
      signal.throwIfAborted();
      const why = `The source could not be fetched from ${shown(url)}. ${messageOf(error)}`;
      throw new PlatformError('build_failed', why, { id: 'source' }, { cause: error });
    }
  };

  return {
    expect() {
      const id = randomUUID();
      const now = Date.now();
      for (const [other, at] of expected) if (now - at > dayMs) expected.delete(other);
      for (const name of readdirSync(folder)) if (name.endsWith('.sent')) removeOld(join(folder, name));
      expected.set(id, now);
      return id;
    },

    async receive(id, archive) {
      if (!expected.has(id) && !existsSync(file(id, 'sent')))
        throw notFound(
          'source',
          'This place for an archive is not there any more. Ask for a new one: POST /sources',
        );
      await keepArchive(archive as AsyncIterable<Buffer>, file(id, 'sent'), limitBytes);
    },

    sent,

    keepFor(buildId, id) {
      const from = sent(id);
      try {
        linkSync(from, file(buildId, 'build'));
      } catch {
        copyFileSync(from, file(buildId, 'build'));
      }
    },

    async provide({ buildId, url, shownUrl, checksum, into, signal, note }) {
      const path = file(buildId, 'build');
      if (!existsSync(path)) {
        if (url === null) throw new PlatformError('gone', 'The source of this build is not kept any more.');
        note(`-----> Fetching ${shownUrl}`);
        const bytes = await fetchArchive(fetchableUrl(url), path, signal);
        note(`       ${(bytes / 1_048_576).toFixed(1)} MB`);
      }
      await checkSum(path, checksum);
      await unpackFile(path, into, limitBytes, signal);
      const root = await stripOnlyFolder(into);
      if (root !== null) note(`       The root of the source is the archive's only folder, ${root}`);
    },

    remove: (buildId) => rm(file(buildId, 'build'), { force: true }),

    sweep(pending) {
      for (const name of readdirSync(folder)) {
        const [, id = '', kind] = /^(.*)\.(sent|build)$/.exec(name) ?? [];
        const path = join(folder, name);
        if (kind === 'sent') removeOld(path);
        else if (kind !== 'build' || !pending.has(id)) rmSync(path, { force: true });
      }
    },
  };
}

function removeOld(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && Date.now() - stats.mtimeMs > dayMs) rmSync(path, { force: true });
}
