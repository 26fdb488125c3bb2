// Buildpacks from elsewhere: fixed to a commit or checksum, fetched once, kept by it within a size.
//
// <folder>/<key>/tree    the buildpack; key: its URL with its login, and the pin, so that who may not fetch it finds nothing
// <folder>/<key>/bytes   its size; the time of this file is when it was used last
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Download } from '../domain/address.ts';
import type { Count } from '../domain/budgets.ts';
import {
  type BuildpackReference,
  type RemoteRef,
  type RemoteTree,
  shortPin,
  shownReference,
} from '../domain/buildpack.ts';
import { PlatformError } from '../domain/errors.ts';
import { timeLimit } from '../domain/time-limit.ts';
import { unpackBuildpack } from './buildpack-archive.ts';
import { makeExecutable, requireBuildpack } from './buildpack-folder.ts';
import { unavailableBuildpack } from './failures.ts';

export type Foreign = Exclude<BuildpackReference, { kind: 'name' }>;

/** How the server fetches what a user names; each looks the host up and checks where it leads. */
export interface Fetchers {
  resolveRef(remote: RemoteRef): Promise<string>;
  fetchTree(remote: RemoteTree): Promise<void>;
  download: Download;
}

export interface CollectionNeeds {
  folder: string;
  fetchers: Fetchers;
  /** For all that are kept. */
  maxBytes?: number;
  /** For one. */
  maxOne?: number;
  timeoutMs?: number;
}

export interface Taken {
  /** Commit or checksum. */
  pin: string;
  folder: string;
  /** It may be removed again. */
  release(): void;
}

export interface Wish {
  signal: AbortSignal;
  /** Told what is being fetched. */
  note?: ((line: string) => void) | undefined;
  /** A client waits for the answer. */
  timeoutMs?: number;
}

export type Collection = ReturnType<typeof createCollection>;

const megabyte = 1_048_576;
/** For all that are kept, unless told otherwise. */
const collectionBytes = 2048 * megabyte;

export function createCollection(needs: CollectionNeeds) {
  const { folder, fetchers } = needs;
  const maxOne = needs.maxOne ?? 512 * megabyte;
  const used = new Map<string, number>();

  /** @throws PlatformError `build_failed` (E3); the signal's reason */
  async function within<T>(
    reference: Foreign,
    { signal, timeoutMs = needs.timeoutMs ?? 5 * 60_000 }: Wish,
    work: (stop: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const late = timeLimit(timeoutMs);
    try {
      return await work(AbortSignal.any([signal, late]));
    } catch (error) {
      signal.throwIfAborted();
      if (late.aborted)
        throw unavailableBuildpack(
          shownReference(reference),
          `It was not there within ${Math.ceil(timeoutMs / 60_000)} min.`,
          error,
        );
      if (!(error instanceof PlatformError) || error.details['id'] === 'E3') throw error;
      throw unavailableBuildpack(shownReference(reference), withGitsWords(error), error);
    }
  }

  async function fetchInto(draft: string, reference: Foreign, pin: string | null, wish: Wish) {
    const tree = join(draft, 'tree');
    await mkdir(tree, { recursive: true, mode: 0o700 });
    const { url } = reference;
    const { signal, note } = wish;
    let found = pin;
    let top = tree;
    if (reference.kind === 'git') {
      found ??= await fetchers.resolveRef({ url, ref: reference.ref, signal });
      await fetchers.fetchTree({ url, commit: found, into: tree, maxBytes: maxOne, signal, note });
    } else {
      const content = await fetchers.download(url, { maxBytes: maxOne, signal });
      const expected = pin ?? reference.ref;
      ({ checksum: found, top } = await unpackBuildpack(content, tree, {
        maxBytes: maxOne,
        signal,
        expected,
      }));
    }
    await requireBuildpack(top);
    await makeExecutable(top);
    return { pin: found, top };
  }

  /** Fetched beside the others and put in place whole: who finds one finds all of it. */
  async function add(reference: Foreign, pin: string | null, wish: Wish): Promise<string> {
    const draft = join(folder, `new-${randomUUID()}`);
    try {
      const fetched = await within(reference, wish, (signal) =>
        fetchInto(draft, reference, pin, { ...wish, signal }),
      );
      const ready = `${draft}-ready`;
      await mkdir(ready, { mode: 0o700 });
      await rename(fetched.top, join(ready, 'tree'));
      await writeFile(join(ready, 'bytes'), String(await sizeOf(join(ready, 'tree'))));
      const place = join(folder, keyOf(reference, fetched.pin));
      // Another build may have been quicker.
      await rename(ready, place).catch(async (error: unknown) => {
        await rm(ready, { recursive: true, force: true });
        if (!existsSync(join(place, 'bytes'))) throw error;
      });
      return fetched.pin;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  /** The longest unused go first; one that a build uses stays. @param dry only says which would */
  async function makeRoom(dry = false): Promise<Count> {
    const keys = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('new-'));
    const kept = await Promise.all(keys.map(async (key) => ({ key, ...(await factsOf(join(folder, key))) })));
    let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    const removed = { count: 0, bytes: 0 };
    for (const { key, bytes } of kept.sort((a, b) => a.at - b.at)) {
      if (total <= (needs.maxBytes ?? collectionBytes)) break;
      // Another build may make room as well.
      if (used.has(key) || !existsSync(join(folder, key))) continue;
      total -= bytes;
      removed.count += 1;
      removed.bytes += bytes;
      if (!dry) await removeWhole(key);
    }
    return removed;
  }

  /** All of it at once, and in one go with the look at who uses it: nobody finds a part, nor one that is about to go. */
  function removeWhole(key: string): Promise<void> {
    const gone = join(folder, `new-${randomUUID()}`);
    renameSync(join(folder, key), gone);
    return rm(gone, { recursive: true, force: true });
  }

  /** A commit without fetching it; null for an archive, which has to be there to be known, unless it says its checksum. */
  async function resolve(reference: Foreign, wish: Wish): Promise<string | null> {
    if (reference.kind === 'archive') return reference.ref;
    const { url, ref } = reference;
    return await within(reference, wish, (stop) => fetchers.resolveRef({ url, ref, signal: stop }));
  }

  /** @param pin null: what the reference means now */
  async function take(reference: Foreign, pin: string | null, wish: Wish): Promise<Taken> {
    const known = pin ?? (await resolve(reference, wish));
    if (known === null) {
      const taken = await take(reference, await add(reference, null, wish), wish);
      await makeRoom();
      return taken;
    }
    const key = keyOf(reference, known);
    hold(used, key);
    try {
      if (existsSync(join(folder, key, 'bytes'))) {
        const now = new Date();
        await utimes(join(folder, key, 'bytes'), now, now);
      } else {
        wish.note?.(`-----> Fetching buildpack ${shownReference(reference)} at ${shortPin(known)}`);
        await add(reference, known, wish);
        await makeRoom();
      }
    } catch (error) {
      letGo(used, key);
      throw error;
    }
    return { pin: known, folder: join(folder, key, 'tree'), release: () => letGo(used, key) };
  }

  return {
    /** @throws PlatformError `build_failed` (E3); the signal's reason */
    take,

    /** What a reference means now; it is fetched, so that what is no buildpack is told when it is named. */
    async pin(reference: Foreign, wish: Wish): Promise<string> {
      const taken = await take(reference, null, wish);
      taken.release();
      return taken.pin;
    },

    /** What is over the budget goes; also after each that is added. @param dry only says what would */
    trim: (dry: boolean): Promise<Count> => makeRoom(dry),

    /** What a killed server left half fetched or half removed. */
    async sweep(): Promise<void> {
      const names = await readdir(folder).catch(() => []);
      const drafts = names.filter((name) => name.startsWith('new-'));
      await Promise.all(drafts.map((name) => rm(join(folder, name), { recursive: true, force: true })));
    },
  };
}

/** git's own last line first, where the sentence does not have it. */
function withGitsWords({ message, details }: PlatformError): string {
  const { words } = details;
  if (typeof words !== 'string' || message.includes(words)) return message;
  return `${words.replace(/[\s.]+$/, '')}. ${message}`;
}

function keyOf(reference: Foreign, pin: string): string {
  return createHash('sha256').update(`${reference.url.href}\n${pin}`).digest('hex');
}

function hold(used: Map<string, number>, key: string): void {
  used.set(key, (used.get(key) ?? 0) + 1);
}

function letGo(used: Map<string, number>, key: string): void {
  const left = (used.get(key) ?? 1) - 1;
  if (left > 0) used.set(key, left);
  else used.delete(key);
}

async function factsOf(place: string): Promise<{ bytes: number; at: number }> {
  const file = join(place, 'bytes');
  const [text, facts] = await Promise.all([readFile(file, 'utf8'), stat(file)]).catch(
    () => ['0', null] as const,
  );
  return { bytes: Number(text), at: facts?.mtimeMs ?? 0 };
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
