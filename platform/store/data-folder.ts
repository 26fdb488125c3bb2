// The data folder at start: writable, with the platform's id, and the first administrator's token.
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, PlatformError } from '../domain/errors.ts';
import type { Store } from './store.ts';

/** The id of this platform, made with its data folder; whatever is ours on the engine carries it. */
export function readInstance(file: string): string {
  try {
    if (!existsSync(file)) writeWhole(file, `${randomBytes(4).toString('hex')}\n`, 0o644);
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw unusable(file, error);
  }
}

/**
 * What root has put back, say, belongs to root, and a server that runs as another user cannot use it.
 * @throws PlatformError `service_unavailable` that names the file
 */
export function requireOurFiles(folder: string, user = ourUser()): void {
  const check = (name: string, mode: number): void => {
    const file = join(folder, name);
    try {
      accessSync(file, mode);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(file, error, user);
    }
  };
  check('secret.key', constants.R_OK);
  for (const name of ['twelve.db', 'twelve.db-wal', 'twelve.db-shm']) {
    // Nobody else may change its mode, which only the owner can see to.
    const owner = statSync(join(folder, name), { throwIfNoEntry: false })?.uid ?? user;
    if (user !== 0 && owner !== user)
      throw unusable(join(folder, name), `it belongs to the user ${owner}`, user);
    check(name, constants.R_OK | constants.W_OK);
  }
}

const ourUser = (): number => process.getuid?.() ?? 0;

function unusable(file: string, why: unknown, user = ourUser()): PlatformError {
  const told = typeof why === 'string' ? why : ((why as NodeJS.ErrnoException).code ?? messageOf(why));
  return new PlatformError(
    'service_unavailable',
    `The server, which runs as the user ${user}, cannot use ${file} (${told}). The data folder and what is in it have to belong to that user (chown --reference=${dirname(file)} ${file}), on a disk that can be written.`,
    {},
    { cause: why },
  );
}

/** There whole or not at all, also when we are killed while writing. */
export function writeWhole(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode, flush: true });
  renameSync(`${file}.new`, file);
}

/**
 * At first start: the administrator, and a token for them in a file only root can read.
 * @param onProblem at others: told that the file is still there, or was of no more use and is gone
 */
export function firstToken(store: Store, file: string, onProblem: (message: string) => void): void {
  if (store.users.first()) {
    const left = firstTokenLeft(store, file);
    if (left) onProblem(left);
    return;
  }
  store.transaction(() => {
    const admin = store.users.create('admin@localhost', { admin: true });
    const { text } = store.tokens.create(admin.id, { description: 'first admin token', scope: 'admin' });
    writeWhole(file, `${text}\n`, 0o600);
  });
}

/** Whoever reads the file, or a copy of the folder, has all rights. @returns null while nobody could log in without it */
function firstTokenLeft(store: Store, file: string): string | null {
  const text = textOf(file);
  if (text === null) return null;
  const another = '"twelve server:token" makes another token whenever one is needed';
  const token = store.tokens.look(text);
  if (!token || store.tokens.isExpired(token)) {
    // What is there is to be used: whoever installs is sent to it.
    rmSync(file, { force: true });
    return `The first token in ${file} was good no more, so the file was removed (${another}).`;
  }
  if (token.lastUsedAt === null) return null;
  return `The first token is still in ${file}, in plain text and with all rights, though somebody has used it. Remove the file: rm ${file} (${another}).`;
}

/** Null where there is none, or none that this user may read. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new PlatformError(
      'service_unavailable',
      `The folder ${folder} cannot be written (${(error as NodeJS.ErrnoException).code ?? messageOf(error)}). Run the server as root, or set TWELVE_DATA and TWELVE_RUN to folders it may write.`,
    );
  }
}
