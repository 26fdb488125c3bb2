// .slugignore: gitignore-style patterns (without `!`) whose matches are deleted before buildpacks run.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export type Ignores = (path: string, isFolder: boolean) => boolean;

/** @returns whether a path relative to the root (with `/`) is matched; null when no line is a pattern */
export function parseSlugignore(text: string): Ignores | null {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap(toRule);
  if (rules.length === 0) return null;
  return (path, isFolder) => rules.some((rule) => (isFolder || !rule.folderOnly) && rule.pattern.test(path));
}

interface Rule {
  pattern: RegExp;
  folderOnly: boolean;
}

function toRule(line: string): Rule[] {
  // Trailing spaces do not count unless escaped, as in .gitignore.
  let glob = line.replace(/(?<!\\)\s+$/, '');
  if (glob === '' || glob.startsWith('#') || glob.startsWith('!')) return [];
  if (glob.startsWith('\\#') || glob.startsWith('\\!')) glob = glob.slice(1);
  const folderOnly = glob.endsWith('/');
  glob = glob.replace(/\/+$/, '');
  if (glob === '') return [];
  // A slash anywhere but at the end ties the pattern to the root.
  const anchored = glob.includes('/');
  glob = glob.replace(/^\//, '');
  return [{ pattern: new RegExp(`^${anchored ? '' : '(?:.*/)?'}${globToPattern(glob)}$`, 's'), folderOnly }];
}

function globToPattern(glob: string): string {
  let pattern = '';
  for (let at = 0; at < glob.length; ) {
    const rest = glob.slice(at);
    const special = /^(\*\*\/|\/\*\*\/|\/\*\*$|\*+|\?|\[(?:!|\^)?\]?[^\]]*\]|\\.)/s.exec(rest)?.[0];
    pattern += special === undefined ? literal(rest[0]!) : translate(special, at);
    at += special?.length ?? 1;
  }
  return pattern;
}

function translate(special: string, at: number): string {
  if (special === '/**/') return '/(?:.*/)?';
  if (special === '/**') return '/.*';
  if (special === '**/' && at === 0) return '(?:.*/)?';
  if (special === '**/') return '[^/]*/';
  if (special.startsWith('*')) return '[^/]*';
  if (special === '?') return '[^/]';
  if (special.startsWith('\\')) return literal(special[1]!);
  const negated = /^\[[!^]/.test(special);
  const members = special.slice(negated ? 2 : 1, -1).replace(/[\\\]^[]/g, '\\$&');
  return `(?!/)[${negated ? '^' : ''}${members}]`;
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** Deletes every match under the folder, following no link. @returns how many files and folders were matched */
export async function applySlugignore(folder: string, ignores: Ignores, prefix = ''): Promise<number> {
  let count = 0;
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (ignores(path, entry.isDirectory())) {
      await rm(join(folder, path), { recursive: true, force: true });
      count++;
    } else if (entry.isDirectory()) {
      count += await applySlugignore(folder, ignores, path);
    }
  }
  return count;
}
