// A git repository of one of the apps in apps/, as a user has it on their machine.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Result, run } from './program.ts';

export interface AppRepository {
  folder: string;
  /** Writes (a string) or removes (null) files, and commits. @returns the commit */
  commit(files: Record<string, string | null>, message?: string): Promise<string>;
  git(...args: string[]): Promise<Result>;
}

/** @param fixture a folder in apps/, or null for an empty repository */
export async function createRepository(
  parent: string,
  env: Record<string, string>,
  fixture: string | null,
  files: Record<string, string | null> = {},
): Promise<AppRepository> {
  const folder = await mkdtemp(join(parent, `${fixture ?? 'app'}-`));
  if (fixture) await cp(join(import.meta.dirname, '..', '..', 'apps', fixture), folder, { recursive: true });
  const git = (...args: string[]): Promise<Result> => run('git', args, { cwd: folder, env });
  const commit: AppRepository['commit'] = async (changes, message = 'change') => {
    for (const [name, content] of Object.entries(changes)) {
      const path = join(folder, name);
      if (content === null) await rm(path, { recursive: true });
      else {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content, content.startsWith('#!') ? { mode: 0o755 } : {});
      }
    }
    await must(git('add', '-A'));
    await must(git('commit', '-q', '--allow-empty', '-m', message));
    return (await must(git('rev-parse', 'HEAD'))).stdout.trim();
  };
  await must(git('init', '-q', '-b', 'main'));
  await commit(files, 'first');
  return { folder, commit, git };
}

/** @throws Error with what it printed when it did not end well */
export async function must(result: Promise<Result>): Promise<Result> {
  const ended = await result;
  if (ended.status !== 0)
    throw new Error(`It ended with status ${ended.status}:\n${ended.stdout}${ended.stderr}`);
  return ended;
}
