// Bare repositories, one per app, keyed by the app's id: made when first needed, read, removed.
import { access, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import { draftName } from './kept.ts';
import { removeLocks } from './locks.ts';
import type { Programs } from './programs.ts';
import { deployedBranches } from './rules.ts';

export interface Repositories {
  ensure(appId: string): Promise<string>;
  remove(appId: string): Promise<void>;
  /** Ids of the apps that have one. */
  list(): Promise<string[]>;
  /** At start: what was received and not decided about when the server was killed, which git leaves for weeks; its locks. */
  sweep(onProblem: (message: string) => void): Promise<void>;
  head(appId: string): Promise<{ branch: string; commit: string } | null>;
  /** After a deploy: what `git clone` checks out is the branch that is deployed. @returns whether the ref holds the commit */
  follow(repository: string, branch: string, commit: string): Promise<boolean>;
  /** Lets the branch hold a commit that is there, whatever it held, and `git clone` check it out. */
  move(repository: string, branch: string, commit: string): Promise<void>;
  /** Empty when there is no such ref. */
  commitAt(repository: string, ref: string): Promise<string>;
}

export function createRepositories(folder: string, programs: Programs): Repositories {
  const pathOf = (appId: string): string => {
    if (!/^[0-9a-zA-Z_-]+$/.test(appId)) throw new Error(`"${appId}" is not an app's id`);
    return join(folder, `${appId}.git`);
  };

  async function ensure(appId: string): Promise<string> {
    const path = pathOf(appId);
    if (await exists(join(path, 'HEAD'))) return path;
    // Made aside and moved into place: a kill half way leaves no half repository, two makers leave one.
    const draft = await mkdtemp(`${path}.new-`);
    try {
      await programs.output(['init', '--bare', '--quiet', '--template=', '--initial-branch=main', draft]);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (!(await exists(join(path, 'HEAD')))) throw error;
    }
    return path;
  }

  async function head(appId: string): Promise<{ branch: string; commit: string } | null> {
    const path = pathOf(appId);
    if (!(await exists(join(path, 'HEAD')))) return null;
    const refs = deployedBranches.map((branch) => `refs/heads/${branch}`);
    const printed = await programs.output(
      ['for-each-ref', '--format=%(refname:short) %(objectname)', ...refs],
      {
        env: { GIT_DIR: path },
      },
    );
    const found = printed
      .toString('utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string])
      .map(([branch, commit]) => ({ branch, commit }));
    const current = await headBranch(path);
    return found.find(({ branch }) => branch === current) ?? found[0] ?? null;
  }

  async function follow(repository: string, branch: string, commit: string): Promise<boolean> {
    const ref = `refs/heads/${branch}`;
    if ((await commitAt(repository, ref)) !== commit) return false;
    if ((await headBranch(repository)) !== branch) {
      await programs.output(['symbolic-ref', 'HEAD', ref], { env: { GIT_DIR: repository } });
    }
    return true;
  }

  async function move(repository: string, branch: string, commit: string): Promise<void> {
    await programs.output(['update-ref', `refs/heads/${branch}`, commit], { env: { GIT_DIR: repository } });
    await follow(repository, branch, commit);
  }

  /** Just after a push the ref is a file of its own; asking git, which also knows packed refs, costs a process. */
  async function commitAt(repository: string, ref: string): Promise<string> {
    const loose = await readFile(join(repository, ref), 'utf8').catch(() => null);
    if (loose !== null) return loose.trim();
    const asked = await programs.output(['for-each-ref', '--format=%(objectname)', ref], {
      env: { GIT_DIR: repository },
    });
    return asked.toString('utf8').trim();
  }

  const list = async (): Promise<string[]> =>
    (await readdir(folder)).flatMap((name) => /^([0-9a-zA-Z_-]+)\.git$/.exec(name)?.[1] ?? []);

  async function sweep(onProblem: (message: string) => void): Promise<void> {
    const drafts = (await readdir(folder)).filter((name) => /\.git\.new-\w+$/.test(name));
    const work = [
      ...(await list()).map((appId) => sweepOne(pathOf(appId))),
      ...drafts.map((name) => rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 })),
    ];
    // One app's repository is not worth a start that fails for all of them.
    await Promise.all(work.map((one) => one.catch((error: unknown) => onProblem(messageOf(error)))));
  }

  return {
    ensure,
    head,
    follow,
    move,
    commitAt,
    list,
    sweep,
    remove: (appId) => rm(pathOf(appId), { recursive: true, force: true, maxRetries: 3 }),
  };
}

async function sweepOne(repository: string): Promise<void> {
  await removeLocks(repository);
  for (const name of await readdir(repository))
    if (draftName.test(name)) await rm(join(repository, name), { force: true });
  const objects = join(repository, 'objects');
  for (const name of await readdir(objects).catch(() => []))
    if (name.startsWith('tmp_objdir-incoming-'))
      await rm(join(objects, name), { recursive: true, force: true, maxRetries: 3 });
}

export async function headBranch(repository: string): Promise<string> {
  const text = await readFile(join(repository, 'HEAD'), 'utf8');
  return text.trim().replace(/^ref: refs\/heads\//, '');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
