// The files of a commit into a folder, those of its submodules with them; and what a release says of a commit.
import type { Programs } from './programs.ts';
import { fetchSubmodules, type SubmoduleNeeds } from './submodules.ts';
import { listed, submodulesOf, type TreeEntry } from './tree.ts';
import {
  type CheckoutRequest,
  type CommitSource,
  listTree,
  notWritten,
  pointersIn,
  writeTree,
} from './write-tree.ts';

export type { CheckoutRequest, CommitSource } from './write-tree.ts';

export interface CheckedOut {
  /** Sentences for the pusher. */
  warnings: string[];
  /** Paths of the files, as far as they are text; not known where submodules brought some. */
  paths?: string[];
}

/**
 * Without a `.git`; no hook and no filter runs.
 * @throws PlatformError `build_failed`: a submodule was not fetched; `internal_server_error`: the disk is full, an object
 * is missing
 */
export async function checkoutCommit(needs: SubmoduleNeeds, request: CheckoutRequest): Promise<CheckedOut> {
  const { programs, scratch } = needs;
  try {
    const entries = await listAndWrite(programs, scratch, request);
    const pointers = await pointersIn(request.into, entries);
    if (submodulesOf(entries).length > 0) {
      const fetched = await fetchSubmodules(needs, request, entries);
      return { warnings: [...fetched.warnings, ...pointerWarnings([...pointers, ...fetched.pointers])] };
    }
    const paths = entries.map(({ path }) => path.toString('utf8'));
    return { paths, warnings: pointerWarnings(pointers) };
  } catch (error) {
    throw notWritten(request.commit, error, request.signal);
  }
}

/** Both at once. When one fails the other ends before that is told, since the folder may be removed next. */
async function listAndWrite(
  programs: Programs,
  scratch: string,
  request: CheckoutRequest,
): Promise<TreeEntry[]> {
  const failed = new AbortController();
  const signal = request.signal ? AbortSignal.any([request.signal, failed.signal]) : failed.signal;
  const both = [
    listTree(programs, request, signal),
    writeTree(programs, scratch, { ...request, signal }),
  ] as const;
  for (const one of both) one.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(both);
  return (await Promise.all(both))[0];
}

function pointerWarnings(found: readonly string[]): string[] {
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
