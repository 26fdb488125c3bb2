// What is wrong with a source before anything is built: secrets that were committed, names that differ only in case.
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { shownName } from '../domain/shell-word.ts';

/** Enough of a key file to see that it is one. */
const headBytes = 4096;
const shownAtMost = 5;

/** Others' files: test certificates of libraries are no secrets of the app's. */
const notOurs = /(^|\/)(node_modules|vendor|bower_components|\.git)\//;
const examples = /\.(example|sample|template|dist|defaults?|tmpl|tpl)$/i;
const environmentFile = /^\.env(\.[\w.-]+)?$/;
const keyFile = /^id_(rsa|dsa|ecdsa|ed25519)$|\.(pem|key|ppk|p8)$/i;

/**
 * @param paths of the files, when whoever put them there knows them
 * @returns sentences for the pusher, without a word of what is in a file
 */
export async function warningsOf(source: string, paths?: readonly string[]): Promise<string[]> {
  const all = paths ?? (await pathsIn(source));
  return [...secretWarnings(await secretsIn(source, all)), ...caseWarnings(all)];
}

async function pathsIn(source: string): Promise<string[]> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1));
}

/** Of the many names only the few that look like it are opened. */
async function secretsIn(source: string, paths: readonly string[]): Promise<string[]> {
  const suspects = paths.filter((path) => {
    const name = basename(path);
    if (notOurs.test(path) || examples.test(name)) return false;
    return environmentFile.test(name) || keyFile.test(name);
  });
  const judged = await Promise.all(
    suspects.slice(0, 200).map(async (path) => {
      const head = await headOf(join(source, path));
      return environmentFile.test(basename(path)) ? hasValue(head) : /PRIVATE KEY|PuTTY-User-Key/.test(head);
    }),
  );
  return suspects.filter((_, index) => judged[index]).sort();
}

/** A name with something after its equals sign. */
function hasValue(head: string): boolean {
  return /^\s*(export\s+)?[A-Za-z_]\w*\s*=\s*["']?[^\s"'#]/m.test(head);
}

/** Nothing for what is no file: what a source has there may be anything. */
async function headOf(path: string): Promise<string> {
  // Neither a link is followed nor a pipe waited for.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => null);
  if (!file) return '';
  try {
    if (!(await file.stat()).isFile()) return '';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } finally {
    await file.close();
  }
}

function secretWarnings(found: readonly string[]): string[] {
  if (found.length === 0) return [];
  const [what, it] = found.length === 1 ? ['looks like a secret', 'it'] : ['look like secrets', 'them'];
  return [
    `${listed(found)} ${what}, and whoever can read the repository or the running app can read ${it}. ` +
      'Set config vars instead (twelve config:set NAME=value), take the file out of the source (git rm --cached <file>, and a line in .gitignore), and replace what was in it: its history has it.',
  ];
}

/** Each pair once, at the folder where it begins to differ. */
export function caseWarnings(paths: readonly string[]): string[] {
  const seen = new Map<string, string>();
  const pairs = new Map<string, [string, string]>();
  for (const path of paths) {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const name = end === -1 ? path : path.slice(0, end);
      const folded = name.toLowerCase();
      const known = seen.get(folded);
      if (known === undefined) seen.set(folded, name);
      else if (known !== name) {
        if (!pairs.has(folded)) pairs.set(folded, [known, name]);
        break;
      }
      if (end === -1) break;
    }
  }
  const found = [...pairs.values()].slice(0, shownAtMost);
  return found.map(
    ([one, other]) =>
      `${shown(one)} and ${shown(other)} differ only in upper and lower case: here they are two, on macOS and Windows one of them replaces the other. Rename one (git mv).`,
  );
}

function listed(names: readonly string[]): string {
  const more = names.length - shownAtMost;
  const some = names.slice(0, shownAtMost).map(shown).join(', ');
  return more > 0 ? `${some} and ${more} more` : some;
}

/** Names are the user's: nothing in them moves a terminal. */
function shown(name: string): string {
  return shownName(name).slice(1, -1);
}
