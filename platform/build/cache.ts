// Build caches: one per app, stack and list of buildpacks; replaced as a whole, and only by a build that succeeded.
//
// <folder>/<app>/<key>/current        name of the folder that counts
// <folder>/<app>/<key>/plain-<build>  what the build left in CACHE_DIR
// <folder>/<app>/<key>/kept/<name>    trees from CACHE_DIR/.immutable
//
// `.immutable` is our one addition to the contract, for what is large and never changes (a language runtime): a tree under
// CACHE_DIR/.immutable/<name> comes back by hard links instead of copies, as files that another user owns. A buildpack may
// read, move and delete them, but nothing can change them in place, so the kept ones stay as they were. The name stands for
// the content. A tree that was moved out is kept when CACHE_DIR/.immutable/.keep names it; others that are gone are dropped.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type KnownCaches, listCaches, weighCache } from './cache-size.ts';
import type { Usage } from './disk.ts';

const run = promisify(execFile);

/** @param names of the buildpacks, in order */
export function cacheKey(stackName: string, names: readonly string[]): string {
  const list = names.join('+');
  // Addresses, too, are names.
  const plain = /^[A-Za-z0-9+._-]{0,80}$/.test(list);
  const short = plain ? list : createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 32);
  return `${stackName}_${short || 'none'}`;
}

export type BuildCache = ReturnType<typeof createBuildCache>;

export function createBuildCache(folder: string) {
  const ofApp = (appId: string): string => join(folder, appId);
  /** A cache is saved while its build's release is rolled out; who wants it next waits. */
  const saving = new Map<string, Promise<void>>();
  const known: KnownCaches = new Map();
  const saved = async (appId: string): Promise<void> => saving.get(appId)?.catch(() => undefined);

  async function inTurn(appId: string, change: () => Promise<void>): Promise<void> {
    const work = saved(appId).then(change);
    saving.set(appId, work);
    await work.finally(() => saving.get(appId) === work && saving.delete(appId));
  }

  async function take(appId: string, key: string, from: string, buildId: string): Promise<void> {
    const home = join(ofApp(appId), key);
    const next = `plain-${buildId}`;
    if (!(await isFolder(from))) return;
    await mkdir(join(home, 'kept'), { recursive: true, mode: 0o700 });
    await keepTrees(join(from, '.immutable'), join(home, 'kept'));
    await rm(join(home, next), { recursive: true, force: true });
    await rename(from, join(home, next));
    await writeFile(join(home, 'current.new'), next);
    await rename(join(home, 'current.new'), join(home, 'current'));
    await removeOthers(home, new Set([next, 'current', 'kept']));
    await removeOthers(ofApp(appId), new Set([key]));
  }

  return {
    /** Fills the empty folder `into`. */
    async restore(appId: string, key: string, into: string): Promise<'restored' | 'empty'> {
      await saved(appId);
      const home = join(ofApp(appId), key);
      const current = await readFile(join(home, 'current'), 'utf8').catch(() => null);
      if (current === null) return 'empty';
      const kept = join(home, 'kept');
      const trees = await readdir(kept).catch(() => []);
      await run('cp', ['-a', '--reflink=auto', `${join(home, current)}/.`, into]);
      if (trees.length > 0) await linkTree(kept, join(into, '.immutable'));
      return 'restored';
    },

    /** Takes over what a successful build left in `from`; the caches of other keys of the app go. */
    async save(appId: string, key: string, from: string, buildId: string): Promise<void> {
      await inTurn(appId, () => take(appId, key, from, buildId));
    },

    /** What `save` would keep. */
    async weigh(appId: string, key: string, from: string): Promise<Usage> {
      const kept = join(ofApp(appId), key, 'kept');
      const known = await folderNames(kept).catch(() => []);
      const own = join(from, '.immutable');
      const moved = await movedOut(join(own, '.keep'), own);
      const elsewhere: string[] = [];
      for (const name of known) {
        if (moved.includes(name) && !(await isFolder(join(own, name)))) elsewhere.push(join(kept, name));
      }
      return await weighCache(from, elsewhere);
    },

    /** Resolves when nothing is being saved. */
    async settled(): Promise<void> {
      await Promise.allSettled(saving.values());
    },

    async purge(appId: string): Promise<void> {
      await inTurn(appId, () => rm(ofApp(appId), { recursive: true, force: true }));
    },

    /** Of each app how much it takes, and when a build left it. */
    list: () => listCaches(folder, known),

    /** Ids of those that have one. */
    apps: (): Promise<string[]> => readdir(folder).catch(() => []),

    /** What an interrupted save left behind. */
    async sweep(): Promise<void> {
      for (const app of await readdir(folder).catch(() => [])) {
        for (const key of await readdir(join(folder, app)).catch(() => [])) {
          const home = join(folder, app, key);
          const current = await readFile(join(home, 'current'), 'utf8').catch(() => null);
          if (current === null) await rm(home, { recursive: true, force: true });
          else await removeOthers(home, new Set([current, 'current', 'kept']));
        }
      }
    },
  };
}

async function keepTrees(from: string, kept: string): Promise<void> {
  const present = (await isFolder(from)) ? await folderNames(from) : [];
  const moved = await movedOut(join(from, '.keep'), from);
  const known = await folderNames(kept);
  for (const name of present.filter((one) => !known.includes(one))) {
    const tree = join(from, name);
    // Modes stay (they end up in slugs); that others own the files is what protects them.
    await run('find', [
      tree,
      '-type',
      'f',
      '-exec',
      'chown',
      'root:root',
      '{}',
      '+',
      '-exec',
      'chmod',
      'a+r,go-w',
      '{}',
      '+',
    ]);
    await rename(tree, join(kept, name));
  }
  const wanted = new Set([...present, ...moved]);
  await removeOthers(kept, wanted);
  await rm(from, { recursive: true, force: true });
}

async function movedOut(list: string, folder: string): Promise<string[]> {
  if (!(await isFolder(folder)) || !(await lstat(list).catch(() => null))?.isFile()) return [];
  return (await readFile(list, 'utf8')).split('\n').filter((line) => line !== '');
}

/** Hard links where the file system allows; a copy costs time, never correctness. */
async function linkTree(from: string, to: string): Promise<void> {
  try {
    await run('cp', ['-al', from, to]);
  } catch {
    await rm(to, { recursive: true, force: true });
    await run('cp', ['-a', '--reflink=auto', from, to]);
  }
  const { uid, gid } = await stat(join(to, '..'));
  await run('chown', [`${uid}:${gid}`, to]);
}

async function folderNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function removeOthers(folder: string, keep: ReadonlySet<string>): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !keep.has(name));
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}
