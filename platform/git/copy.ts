// A repository as one pack and a record of its refs, for backups, and made again from them.
import { existsSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeployedCommits, RepositoryRecord } from '../domain/backup.ts';
import { hasCode } from '../domain/errors.ts';
import { writeNote } from './kept.ts';
import type { Programs } from './programs.ts';
import { headBranch } from './repository.ts';
import { deployedBranches, isDeployed } from './rules.ts';

type Told = Pick<RepositoryRecord, 'branch' | 'refs'>;

/**
 * The objects that refs lead to, packed as git packs them for a clone, so that nobody who pushes, and no packing, is in
 * the way. The deployed branch is where it was for `deployed`, whatever was pushed since.
 * @param file where the pack is written; there is none when there are no refs
 * @returns null when there is no repository
 */
export async function copyRepository(
  programs: Programs,
  repository: string,
  given: { app: string; deployed: DeployedCommits; file: string; signal: AbortSignal },
): Promise<RepositoryRecord | null> {
  if (!existsSync(join(repository, 'HEAD'))) return null;
  const env = { GIT_DIR: repository };
  const { signal } = given;
  const listed = await programs.output(['for-each-ref', '--format=%(objectname) %(refname)'], {
    env,
    signal,
  });
  const lines = listed.toString('utf8').split('\n').filter(Boolean);
  const refs = Object.fromEntries(
    lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.split(' ')[0]!]),
  );
  const branch = await headBranch(repository);
  const has = async (commit: string | null): Promise<string | null> => {
    if (commit === null) return null;
    try {
      await programs.output(['cat-file', '-e', `${commit}^{commit}`], { env, signal });
      return commit;
    } catch (error) {
      signal.throwIfAborted();
      // Nobody has looked.
      if (hasCode(error, 'service_unavailable')) throw error;
      return null;
    }
  };
  const served = await has(given.deployed.served);
  const undecided = await has(given.deployed.undecided);
  const then = asOfRelease({ branch, refs }, served);
  const unfinished = undecided && {
    branch: branchHolding(refs, undecided) ?? then.branch,
    commit: undecided,
  };
  const wanted = new Set([...Object.values(then.refs), ...(undecided ? [undecided] : [])]);
  if (wanted.size > 0) await pack(programs, env, [...wanted], given.file, signal);
  const shallow = await readFile(join(repository, 'shallow'), 'utf8').catch(() => '');
  return {
    app: given.app,
    ...then,
    shallow: shallow.split('\n').filter(Boolean),
    unfinished: unfinished || null,
  };
}

/** Pure: refs may have moved since the release that serves was read. */
function asOfRelease({ branch, refs }: Told, served: string | null): Told {
  const holding = served === null ? null : branchHolding(refs, served);
  if (holding !== null) return { branch: holding, refs };
  const others = Object.entries(refs).filter(([ref]) => !isDeployed(ref));
  const own = served === null ? [] : [[`refs/heads/${branch}`, served] as const];
  return { branch, refs: Object.fromEntries([...others, ...own]) };
}

/** A new repository in an empty folder. @param file its pack; null: it has no refs @throws Error with git's words */
export async function makeFromCopy(
  programs: Programs,
  folder: string,
  record: RepositoryRecord,
  file: string | null,
): Promise<void> {
  const head = `--initial-branch=${record.branch}`;
  await programs.output(['init', '--bare', '--quiet', '--template=', head, folder]);
  const env = { GIT_DIR: folder };
  if (file !== null) {
    if (record.shallow.length > 0)
      await writeFile(join(folder, 'shallow'), record.shallow.map((line) => `${line}\n`).join(''));
    const source = await open(file);
    const args = ['index-pack', '--stdin'];
    await programs.output(args, { env, input: source.fd }).finally(() => source.close());
    const updates = Object.entries(record.refs).map(([ref, object]) => `create ${ref} ${object}\n`);
    await programs.output(['update-ref', '--stdin'], { env, input: updates.join('') });
    await programs.output(['rev-list', '--objects', '--quiet', '--all'], { env });
  }
  if (record.unfinished) await writeNote(folder, record.unfinished);
}

function branchHolding(refs: Readonly<Record<string, string>>, commit: string): string | null {
  return deployedBranches.find((branch) => refs[`refs/heads/${branch}`] === commit) ?? null;
}

async function pack(
  programs: Programs,
  env: Record<string, string>,
  commits: readonly string[],
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const target = await open(file, 'w', 0o600);
  const input = commits.map((one) => `${one}\n`).join('');
  const args = ['pack-objects', '--revs', '--stdout', '--delta-base-offset', '--quiet'];
  await programs.output(args, { env, input, into: target.fd, signal }).finally(() => target.close());
}
