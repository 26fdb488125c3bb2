// Somebody else's repository, named by a user: what a branch or tag of it means now, and the files of a commit.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isCommit, type RemoteRef, type RemoteTree } from '../domain/buildpack.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { type Advice, fetchCommit, fetchEnv, requirePins, unfetchable, withoutLogin } from './fetch.ts';
import { fetchSubmodules, type SubmoduleNeeds } from './submodules.ts';
import { submodulesOf } from './tree.ts';
import { listTree, writeTree } from './write-tree.ts';

const advice: Advice = {
  room: 'that a buildpack may have',
  moved: 'Name the URL it leads to.',
  commit: 'Name a branch, a tag or another commit of it.',
};

/** A repository with a hundred thousand refs prints less. */
const maxListing = 16 * 1024 * 1024;
/** Nothing is there: what it asks for is all on the other side. */
const noRepository = '/nonexistent';

/** @throws PlatformError `build_failed`, `invalid_params`: a sentence of why not; the signal's reason */
export async function resolveRef(needs: SubmoduleNeeds, { url, ref, signal }: RemoteRef): Promise<string> {
  if (ref !== null && isCommit(ref)) return ref;
  await requirePins(needs.programs);
  const pinned = await needs.resolve(url, signal);
  const printed = await needs.programs
    .output(['ls-remote', '--quiet', withoutLogin(url)], {
      env: fetchEnv(needs, { url, pinned, into: noRepository }),
      signal,
      group: true,
      maxBytes: maxListing,
    })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw unfetchable({ commit: ref ?? 'HEAD', advice }, error);
    });
  return commitOf(ref, refsIn(printed.toString('utf8')));
}

function refsIn(listing: string): Map<string, string> {
  const lines = listing.split('\n').map((line) => line.split('\t') as [string, string | undefined]);
  return new Map(lines.flatMap(([id, name]) => (name === undefined ? [] : [[name, id] as const])));
}

/** A branch before a tag of the same name, as a clone would have it; of a tag the commit that it names. */
function commitOf(ref: string | null, refs: ReadonlyMap<string, string>): string {
  const names = ref === null ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`];
  if (ref?.startsWith('refs/')) names.unshift(`${ref}^{}`, ref);
  const found = names.map((name) => refs.get(name)).find((id) => id !== undefined);
  if (found !== undefined) return found;
  if (ref === null) throw refuse('Its repository is empty.');
  throw refuse(
    /^[0-9a-f]{4,39}$/.test(ref)
      ? `Its repository has no branch and no tag "${ref}". A commit is written in full (git rev-parse ${ref}).`
      : `Its repository has no branch and no tag "${ref}".`,
  );
}

/** @throws PlatformError `build_failed`, `invalid_params`: a sentence of why not; the signal's reason */
export async function fetchTree(needs: SubmoduleNeeds, remote: RemoteTree): Promise<void> {
  const { url, commit, into, maxBytes, signal, note } = remote;
  const { programs } = needs;
  const repository = await mkdtemp(join(needs.fetchFolder, 'tree-'));
  try {
    const pinned = await needs.resolve(url, signal);
    await fetchCommit(needs, { url, pinned, commit, into: repository, maxBytes, signal, advice });
    const request = { repository, commit, into, signal, note };
    const entries = await listTree(programs, request, signal);
    // Before they are written: a few kilobytes can stand for more files than the disk holds.
    if (entries.reduce((sum, { size }) => sum + size, 0) > maxBytes)
      throw refuse(`Its files are more than ${Math.floor(maxBytes / 1_048_576)} MB.`);
    await writeTree(programs, needs.scratch, request);
    if (submodulesOf(entries).length === 0) return;
    const limits = { ...needs.limits, bytes: Math.min(needs.limits.bytes, maxBytes) };
    await fetchSubmodules({ ...needs, limits }, request, entries, url);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof PlatformError ? error : refuse(messageOf(error), error);
  } finally {
    await rm(repository, { recursive: true, force: true, maxRetries: 3 });
  }
}

function refuse(sentence: string, cause?: unknown): PlatformError {
  return new PlatformError('build_failed', sentence, {}, cause === undefined ? {} : { cause });
}
