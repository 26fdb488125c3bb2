// The submodules of a commit: each fetched at exactly its commit, checked out in its place, and asked for its own.
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ResolveSafely, shownUrl } from '../domain/address.ts';
import { PlatformError } from '../domain/errors.ts';
import { timeLimit } from '../domain/time-limit.ts';
import { type FetchNeeds, fetchCommit, submoduleAdvice } from './fetch.ts';
import { readSubmodules, type Submodule, submoduleUrl, unfetched } from './gitmodules.ts';
import type { TreeEntry } from './tree.ts';
import { type CheckoutRequest, listTree, pointersIn, writeTree } from './write-tree.ts';

export interface SubmoduleNeeds extends FetchNeeds {
  /** Every host is asked about here before anything is fetched from it. */
  resolve: ResolveSafely;
  /** For indexes; small. */
  scratch: string;
  /** For what is fetched, on a disk. */
  fetchFolder: string;
  limits: SubmoduleLimits;
}

/** For all submodules of one checkout together. */
export interface SubmoduleLimits {
  /** Fetched, and once more as files. */
  bytes: number;
  count: number;
  /** How deep they may be inside each other. */
  depth: number;
  timeoutMs: number;
}

export const usualLimits: SubmoduleLimits = {
  bytes: 2 * 1024 ** 3,
  count: 100,
  depth: 5,
  timeoutMs: 10 * 60_000,
};

interface Found {
  /** Sentences for the pusher. */
  warnings: string[];
  /** Files that are Git LFS pointers. */
  pointers: string[];
}

/** A repository whose files are in place, and where it came from. */
interface Parent extends CheckoutRequest {
  /** Of its files, in what was pushed: `vendor/thing/`. */
  prefix: string;
  /** null: it was pushed. */
  url: URL | null;
  depth: number;
}

interface Job {
  signal: AbortSignal;
  left: { bytes: number; fileBytes: number; count: number };
  found: Found;
}

/**
 * @param origin where the repository was fetched from, which relative URLs are relative to; null: it was pushed
 * @throws PlatformError `build_failed` naming the submodule that could not be had, and why
 */
export async function fetchSubmodules(
  needs: SubmoduleNeeds,
  request: CheckoutRequest,
  entries: readonly TreeEntry[],
  origin: URL | null = null,
): Promise<Found> {
  const { bytes, count, timeoutMs } = needs.limits;
  const late = timeLimit(timeoutMs);
  const job: Job = {
    signal: request.signal ? AbortSignal.any([request.signal, late]) : late,
    left: { bytes, fileBytes: bytes, count },
    found: { warnings: [], pointers: [] },
  };
  try {
    await fetchAll(needs, job, { ...request, prefix: '', url: origin, depth: 0 }, entries);
  } catch (error) {
    request.signal?.throwIfAborted();
    if (!late.aborted) throw error;
    const minutes = Math.max(1, Math.round(timeoutMs / 60_000));
    const sentence = `The submodules were not fetched within ${minutes} min. Commit the files themselves, or try again.`;
    throw new PlatformError('build_failed', sentence, {}, { cause: error });
  }
  return job.found;
}

async function fetchAll(
  needs: SubmoduleNeeds,
  job: Job,
  parent: Parent,
  entries: readonly TreeEntry[],
): Promise<void> {
  const submodules = await readSubmodules(needs.programs, parent, entries, job.signal);
  for (const submodule of submodules) {
    const named = { ...submodule, path: `${parent.prefix}${submodule.path}` };
    if (submodule.skipped) {
      job.found.warnings.push(`${named.path} stays empty: .gitmodules says update = none for it.`);
    } else {
      await fetchOne(needs, job, parent, named, join(parent.into, submodule.path));
    }
  }
}

async function fetchOne(
  needs: SubmoduleNeeds,
  job: Job,
  parent: Parent,
  submodule: Submodule,
  into: string,
): Promise<void> {
  const { path, commit } = submodule;
  const url = submoduleUrl(submodule, parent.url);
  allowOneMore(needs.limits, job, parent, path);
  const repository = await mkdtemp(join(needs.fetchFolder, 'submodule-'));
  try {
    const pinned = await needs.resolve(url, job.signal);
    parent.note?.(`-----> Fetching submodule ${path}: ${shownUrl(url)} at ${commit.slice(0, 10)}`);
    const order = { url, pinned, commit, into: repository, signal: job.signal, advice: submoduleAdvice };
    job.left.bytes -= await fetchCommit(needs, { ...order, maxBytes: job.left.bytes });
    const child = { ...parent, repository, commit, gitEnv: undefined, into, signal: job.signal };
    const entries = await putInPlace(needs, job, child, parent.into);
    const pointers = await pointersIn(into, entries);
    job.found.pointers.push(...pointers.map((name) => `${path}/${name}`));
    await fetchAll(needs, job, { ...child, prefix: `${path}/`, url, depth: parent.depth + 1 }, entries);
  } catch (error) {
    job.signal.throwIfAborted();
    if (!(error instanceof PlatformError) || isTold(error)) throw error;
    throw unfetched(`${path} (${shownUrl(url)})`, error.message, error);
  } finally {
    await rm(repository, { recursive: true, force: true, maxRetries: 3 });
  }
}

function allowOneMore({ depth, count }: SubmoduleLimits, { left }: Job, parent: Parent, path: string): void {
  if (parent.depth >= depth) throw unfetched(path, `Submodules may be ${depth} deep inside each other.`);
  left.count -= 1;
  if (left.count < 0) throw unfetched(path, `There are more than ${count} submodules.`);
}

/** Lists before it writes: a few kilobytes can stand for more files than the disk holds. */
async function putInPlace(
  needs: SubmoduleNeeds,
  job: Job,
  child: CheckoutRequest,
  parentFolder: string,
): Promise<TreeEntry[]> {
  const entries = await listTree(needs.programs, child, job.signal);
  job.left.fileBytes -= entries.reduce((sum, { size }) => sum + size, 0);
  if (job.left.fileBytes < 0) {
    const megabytes = Math.floor(needs.limits.bytes / 1_048_576);
    throw new PlatformError('build_failed', `The files of all submodules are more than ${megabytes} MB.`);
  }
  // git made the folder when it wrote the parent's files, and not through a link.
  const expected = join(await realpath(parentFolder), child.into.slice(parentFolder.length));
  if ((await realpath(child.into)) !== expected)
    throw new PlatformError('build_failed', 'The way to its place leads through a symbolic link.');
  await writeTree(needs.programs, needs.scratch, child);
  return entries;
}

/** Named by a submodule further in. */
function isTold(error: PlatformError): boolean {
  return error.message.startsWith('The submodule ');
}
