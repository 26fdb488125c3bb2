// The files of a commit into a folder: the tree only, by git itself, under an index of its own.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Programs } from './programs.ts';
import { isPointer, listed, maybePointers, parseTree, submodulesOf, type TreeEntry } from './tree.ts';

export interface CommitSource {
  repository: string;
  commit: string;
  /** Of the push, while its objects are quarantined. */
  gitEnv?: Readonly<Record<string, string>> | undefined;
}

export interface CheckoutRequest extends CommitSource {
  /** An empty folder. */
  into: string;
  signal?: AbortSignal | undefined;
}

export interface CheckedOut {
  /** Sentences for the pusher. */
  warnings: string[];
}

/**
 * Attributes hold as in any clone (line ends, encodings); filters are programs, and none is configured. Not `git archive`,
 * which would leave out what `export-ignore` names.
 * @throws PlatformError `build_failed`: submodules; `internal_server_error`: the disk is full, an object is missing
 */
export async function checkoutCommit(
  programs: Programs,
  scratch: string,
  { repository, commit, gitEnv, into, signal }: CheckoutRequest,
): Promise<CheckedOut> {
  const draft = await mkdtemp(join(scratch, 'index-'));
  const env = { ...gitEnv, GIT_DIR: repository };
  try {
    const [listing] = await Promise.all([
      programs.output(['ls-tree', '-r', '-l', '-z', commit], { env, signal }),
      programs.output(['read-tree', '--reset', '-u', commit], {
        env: { ...env, GIT_WORK_TREE: into, GIT_INDEX_FILE: join(draft, 'index') },
        signal,
      }),
    ]);
    const entries = parseTree(listing);
    refuseSubmodules(submodulesOf(entries));
    return { warnings: await pointerWarnings(into, entries) };
  } catch (error) {
    if (error instanceof PlatformError || signal?.aborted) throw error;
    throw new PlatformError(
      'internal_server_error',
      `The files of commit ${commit.slice(0, 10)} could not be written: ${messageOf(error)}`,
      {},
      { cause: error },
    );
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function refuseSubmodules(paths: readonly string[]): void {
  if (paths.length === 0) return;
  const [first] = paths;
  throw new PlatformError(
    'build_failed',
    `${listed(paths)} ${paths.length === 1 ? 'is a Git submodule' : 'are Git submodules'}, and submodules are not fetched here. Commit the files themselves instead (git rm --cached ${first}, remove ${first}/.git and its entry in .gitmodules, git add ${first}), or install them as a dependency.`,
  );
}

async function pointerWarnings(folder: string, entries: readonly TreeEntry[]): Promise<string[]> {
  const found: string[] = [];
  for (const { path } of maybePointers(entries)) {
    const file = Buffer.concat([Buffer.from(`${folder}/`), path]);
    if (isPointer(await readFile(file))) found.push(path.toString('utf8'));
  }
  if (found.length === 0) return [];
  return [
    `${listed(found)} ${found.length === 1 ? 'is a Git LFS pointer' : 'are Git LFS pointers'}: the app gets the pointer, not the content. Commit the file itself (git lfs migrate export --include=<path>) or fetch it during the build.`,
  ];
}

/** What a release says of its commit. */
export async function describe(
  programs: Programs,
  { repository, commit, gitEnv }: CommitSource,
): Promise<{ commit: string; subject: string; author: string }> {
  const format = '--format=%H%x00%s%x00%an <%ae>';
  const printed = await programs.output(
    ['show', '--no-patch', '--no-show-signature', '--encoding=UTF-8', format, `${commit}^{commit}`, '--'],
    { env: { ...gitEnv, GIT_DIR: repository } },
  );
  const [id, subject, author] = printed.toString('utf8').trimEnd().split('\0');
  return { commit: id!, subject: subject!.slice(0, 300), author: author!.slice(0, 300) };
}
