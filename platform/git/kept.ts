// What a push brought, kept for good before git does so: the server may be killed between a release and its branch.
import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { branchOf, type RefUpdate } from './rules.ts';

/** A push whose branch may not be where its release is. */
export interface Unfinished {
  branch: string;
  commit: string;
  /** Its end was dealt with. */
  forget(): Promise<void>;
}

/** Beside the repository's refs; one file for each push. */
const noteName = /^deploying-[0-9a-f-]{36}$/;
/** Of one that was never whole, since we were killed while we wrote it. */
export const draftName = /^deploying-[0-9a-f-]{36}\.new$/;

/**
 * Gives the repository the quarantined objects, and notes which branch is to hold which commit.
 * @returns what forgets the note
 */
export async function keepPush(
  repository: string,
  update: RefUpdate,
  gitEnv: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  // What a shallow clone's commits lack is told by a file that git writes with the branch, and which these would miss.
  if (gitEnv['GIT_SHALLOW_FILE']) return async () => undefined;
  const quarantine = gitEnv['GIT_QUARANTINE_PATH'];
  if (quarantine) await linkObjects(quarantine, join(repository, 'objects'));
  // The note says that every object is there, so it comes last, and whole.
  const note = await writeNote(repository, { branch: branchOf(update.ref), commit: update.to });
  await sync(repository);
  return () => rm(note, { force: true });
}

/** That the branch is to hold the commit, whose objects are there, once its release serves. @returns its path */
export async function writeNote(
  repository: string,
  { branch, commit }: Pick<Unfinished, 'branch' | 'commit'>,
): Promise<string> {
  const note = join(repository, `deploying-${randomUUID()}`);
  await writeWhole(note, `${branch} ${commit}\n`);
  return note;
}

/** Notes of pushes that nobody ended. */
export async function unfinishedIn(repository: string): Promise<Unfinished[]> {
  const names = (await entriesOf(repository)).filter((name) => noteName.test(name));
  const notes = await Promise.all(
    names.map(async (name): Promise<Unfinished> => {
      const path = join(repository, name);
      const [branch = '', commit = ''] = (await readFile(path, 'utf8')).trim().split(' ');
      return { branch, commit, forget: () => rm(path, { force: true }) };
    }),
  );
  return notes;
}

/**
 * As git itself moves them in later, when it finds them there already. Links cost nothing, and leave it its own.
 * A pack's index, by which it is found, comes after the pack; what only locks it is git's own business.
 */
async function linkObjects(from: string, to: string): Promise<void> {
  for (const folder of await entriesOf(from)) {
    if (!/^(pack|[0-9a-f]{2})$/.test(folder)) continue;
    const names = (await entriesOf(join(from, folder))).filter(
      (name) => /^[0-9a-f]+$/.test(name) || /^pack-[0-9a-f]+\.(pack|rev|idx)$/.test(name),
    );
    if (names.length === 0) continue;
    await mkdir(join(to, folder), { recursive: true });
    const last = (name: string): number => Number(name.endsWith('.idx'));
    for (const name of names.sort((a, b) => last(a) - last(b))) {
      await place(join(from, folder, name), join(to, folder, name));
    }
    await sync(join(to, folder));
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}

/** What is there already is the same: names are hashes of what is inside. Some file systems have no links. */
async function place(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // By a name that git clears away if we do not come to an end.
    const draft = join(dirname(target), `tmp_${randomUUID()}`);
    await copyFile(source, draft);
    await sync(draft);
    await rename(draft, target);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** So that it survives a loss of power, too: of a file what is in it, of a folder its names. */
async function sync(path: string): Promise<void> {
  const entry = await open(path, 'r');
  try {
    await entry.sync();
  } finally {
    await entry.close();
  }
}
