// A commit's files on disk, and their list: by git itself, under an index of its own.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Programs } from './programs.ts';
import { isPointer, maybePointers, parseTree, type TreeEntry } from './tree.ts';

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
  /** Told what is being fetched, a line at a time. */
  note?: ((line: string) => void) | undefined;
}

/** A few kilobytes of trees that name each other can list more files than there is memory for. */
const maxListing = 128 * 1024 * 1024;

export async function listTree(
  programs: Programs,
  { repository, commit, gitEnv }: CommitSource,
  signal?: AbortSignal,
): Promise<TreeEntry[]> {
  const env = { ...gitEnv, GIT_DIR: repository };
  const args = ['ls-tree', '-r', '-l', '-z', commit];
  return parseTree(await programs.output(args, { env, signal, maxBytes: maxListing }));
}

/**
 * Attributes hold as in any clone (line ends, encodings); filters are programs, and none is configured. Not `git archive`,
 * which would leave out what `export-ignore` names.
 * @param scratch a folder for the index
 */
export async function writeTree(
  programs: Programs,
  scratch: string,
  { repository, commit, gitEnv, into, signal }: CheckoutRequest,
): Promise<void> {
  const draft = await mkdtemp(join(scratch, 'index-'));
  const env = { ...gitEnv, GIT_DIR: repository, GIT_WORK_TREE: into, GIT_INDEX_FILE: join(draft, 'index') };
  try {
    await programs.output(['read-tree', '--reset', '-u', commit], { env, signal });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What the user can act on passes, as does being stopped; the rest is told as what it is: our failure. */
export function notWritten(commit: string, error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof PlatformError || signal?.aborted) return error;
  const sentence = `The files of commit ${commit.slice(0, 10)} could not be written: ${messageOf(error)}`;
  return new PlatformError('internal_server_error', sentence, {}, { cause: error });
}

/** Names of the files that are Git LFS pointers. */
export async function pointersIn(folder: string, entries: readonly TreeEntry[]): Promise<string[]> {
  const found: string[] = [];
  for (const { path } of maybePointers(entries)) {
    const file = Buffer.concat([Buffer.from(`${folder}/`), path]);
    if (isPointer(await readFile(file))) found.push(path.toString('utf8'));
  }
  return found;
}
