// What a commit says of its submodules: which there are, and where each is fetched from.
import { fetchableUrl } from '../domain/address.ts';
import { PlatformError } from '../domain/errors.ts';
import type { Programs } from './programs.ts';
import { submodulesOf, type TreeEntry } from './tree.ts';
import type { CommitSource } from './write-tree.ts';

export interface Submodule {
  path: string;
  commit: string;
  /** As .gitmodules has it; null when it says nothing. */
  url: string | null;
  /** `update = none`: by whoever keeps the repository meant to stay empty. */
  skipped: boolean;
}

/** @throws PlatformError `build_failed`: .gitmodules cannot be read */
export async function readSubmodules(
  programs: Programs,
  source: CommitSource,
  entries: readonly TreeEntry[],
  signal?: AbortSignal,
): Promise<Submodule[]> {
  const submodules = submodulesOf(entries);
  if (submodules.length === 0) return [];
  const declared = entries.some(({ path }) => path.toString('latin1') === '.gitmodules')
    ? await declarations(programs, source, signal)
    : new Map<string, Declaration>();
  return submodules.map(({ path, object }) => {
    const found = declared.get(path.toString('latin1'));
    const name = path.toString('utf8');
    if (!Buffer.from(name).equals(path))
      throw unfetched(name, 'Its path is not UTF-8. Move it (git mv) to a path that is.');
    const url = found?.url === undefined ? null : Buffer.from(found.url, 'latin1').toString('utf8');
    return { path: name, commit: object, url, skipped: found?.update === 'none' };
  });
}

interface Declaration {
  path?: string;
  url?: string;
  update?: string;
}

/** By path, its bytes as Latin-1. git reads its own format; includes, which name files of this machine, are off. */
async function declarations(
  programs: Programs,
  { repository, commit, gitEnv }: CommitSource,
  signal?: AbortSignal,
): Promise<Map<string, Declaration>> {
  const names = '^submodule\\..*\\.(path|url|update)$';
  const printed = await programs
    .output(['config', '--blob', `${commit}:.gitmodules`, '--no-includes', '-z', '--get-regexp', names], {
      env: { ...gitEnv, GIT_DIR: repository },
      signal,
      maxBytes: 1024 * 1024,
    })
    .catch((cause: unknown) => {
      signal?.throwIfAborted();
      const sentence = '.gitmodules cannot be read, or declares no submodule. See: git submodule status';
      throw new PlatformError('build_failed', sentence, {}, { cause });
    });
  const byName = new Map<string, Declaration>();
  for (const pair of printed.toString('latin1').split('\0').filter(Boolean)) {
    const [key = '', value = ''] = pair.split(/\n(.*)/s);
    const [, name = '', field = ''] = /^submodule\.(.*)\.(path|url|update)$/s.exec(key) ?? [];
    byName.set(name, { ...byName.get(name), [field]: value });
  }
  return new Map([...byName.values()].map((one) => [(one.path ?? '').replace(/\/+$/, ''), one]));
}

/**
 * @param parent of the repository that has the submodule, null for what was pushed
 * @throws PlatformError `build_failed` with what to write instead
 */
export function submoduleUrl({ path, url }: Submodule, parent: URL | null): URL {
  if (url === null) {
    throw unfetched(
      path,
      `It has no URL in .gitmodules. Add it (git submodule add <url> ${path}) or take it out (git rm --cached ${path}).`,
    );
  }
  const relative = /^\.{1,2}(\/|$)/.test(url);
  if (relative && !parent) {
    throw unfetched(
      path,
      `Its URL "${url}" is relative to where the repository is cloned from, and a push does not say where that is. Write the whole https:// URL into .gitmodules.`,
    );
  }
  try {
    const found = relative ? beside(parent!, url) : fetchableUrl(url);
    if (found.search) throw new PlatformError('invalid_params', 'Its URL has a query, which git cannot use.');
    return found;
  } catch (error) {
    throw error instanceof PlatformError ? unfetched(path, error.message) : error;
  }
}

/** git takes the repository for a folder: `../x` stands beside it. */
function beside(parent: URL, relative: string): URL {
  const folder = new URL(parent);
  folder.pathname = `${folder.pathname.replace(/\/+$/, '')}/`;
  const found = new URL(relative.replace(/\/+$/, ''), folder);
  // `..` alone, too, names a repository and no folder.
  found.pathname = found.pathname.replace(/(?!^)\/+$/, '');
  return found;
}

export function unfetched(path: string, why: string, cause?: unknown): PlatformError {
  return new PlatformError(
    'build_failed',
    `The submodule ${path} was not fetched. ${why}`,
    {},
    cause === undefined ? {} : { cause },
  );
}
