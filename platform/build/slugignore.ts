// .slugignore: gitignore-style patterns (without `!`) whose matches are deleted before buildpacks run.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesOf, type Glob, matches, parseGlob } from './glob.ts';

export type Ignores = (path: string, isFolder: boolean) => boolean;

/** Nobody needs as much, and every name of the source is held against all of it. */
export const maxSlugignoreBytes = 64 * 1024;

/** @returns whether a path relative to the root (with `/`) is matched; null when no line is a pattern */
export function parseSlugignore(text: string): Ignores | null {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap(toRule);
  if (rules.length === 0) return null;
  return (path, isFolder) => {
    const names = bytesOf(path);
    const last = names.slice(-1);
    return rules.some(
      ({ glob, anchored, folderOnly }) =>
        (isFolder || !folderOnly) && glob !== null && matches(glob, anchored ? names : last),
    );
  };
}

interface Rule {
  /** null: one that matches nothing. */
  glob: Glob | null;
  anchored: boolean;
  folderOnly: boolean;
}

function toRule(line: string): Rule[] {
  if (line.startsWith('#') || line.startsWith('!')) return [];
  let text = withoutTrailingSpaces(line);
  const folderOnly = text.endsWith('/');
  if (folderOnly) text = text.slice(0, -1);
  if (text === '') return [];
  // A slash anywhere but at the end ties the pattern to the root.
  const anchored = text.includes('/');
  const glob = parseGlob(text.startsWith('/') ? text.slice(1) : text);
  // Where names cannot differ in depth, two stars are one.
  return [{ glob: anchored || glob?.[0] !== '**' ? glob : parseGlob('*'), anchored, folderOnly }];
}

/** They do not count unless escaped, as in .gitignore. */
function withoutTrailingSpaces(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at++) {
    const isEscape = line[at] === '\\';
    if (isEscape) at++;
    if (isEscape || line[at] !== ' ') end = at + 1;
  }
  return line.slice(0, end);
}

const turnMs = 10;

/**
 * Deletes every match under the folder, following no link.
 * @returns how many files and folders were matched
 */
export async function applySlugignore(
  folder: string,
  ignores: Ignores,
  signal?: AbortSignal,
): Promise<number> {
  let turnEnds = performance.now() + turnMs;
  return below('');

  async function below(prefix: string): Promise<number> {
    let count = 0;
    for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (ignores(path, entry.isDirectory())) {
        await rm(join(folder, path), { recursive: true, force: true });
        count++;
      } else if (entry.isDirectory()) {
        count += await below(path);
      }
      // Many names and many patterns: others have their turn meanwhile.
      if (performance.now() < turnEnds) continue;
      await nextTurn();
      signal?.throwIfAborted();
      turnEnds = performance.now() + turnMs;
    }
    return count;
  }
}
