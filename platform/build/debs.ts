// The .deb files whose addresses an Aptfile names: fetched by the server before the build, behind the one address check, and
// laid where the apt buildpack looks. Those whose hash is known are kept, within bounds, for the builds to come.
import { createHash, randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Download, fetchableUrl, shownUrl } from '../domain/address.ts';
import type { Count } from '../domain/budgets.ts';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { buildFailed } from './failures.ts';

export interface DebNeeds {
  /** `<sha256>.deb`, what was fetched; this process is its only user. */
  folder: string;
  download: Download;
  limits?: Partial<typeof usualLimits>;
}

export interface DebRequest {
  /** The text of the Aptfile. */
  aptfile: string;
  /** Gets `<sha256 of the line>.deb`, which nobody but us may change. */
  into: string;
  /** A line for the pusher. */
  note(line: string): void;
  signal: AbortSignal;
}

const usualLimits = { files: 20, fileBytes: 512 * 1_048_576, keptBytes: 1024 * 1_048_576 };

/** @throws PlatformError `build_failed` naming the line that could not be had, and why */
export async function fetchDebs(needs: DebNeeds, request: DebRequest): Promise<void> {
  const limits = { ...usualLimits, ...needs.limits };
  const lines = addressLines(request.aptfile);
  if (lines.length === 0) return;
  if (lines.length > limits.files) {
    throw buildFailed('E19', `Aptfile names ${lines.length} addresses; it can name ${limits.files}.`);
  }
  await mkdir(needs.folder, { recursive: true, mode: 0o700 });
  await mkdir(request.into, { recursive: true, mode: 0o755 });
  for (const line of lines) await fetchOne({ ...needs, limits }, request, line);
  await trimDebs(needs, false);
}

/** What a killed server left half fetched. Before any build. */
export async function sweepDebs(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const parts = names.filter((name) => name.endsWith('.part'));
  await Promise.all(parts.map((name) => rm(join(folder, name), { force: true })));
}

interface AddressLine {
  number: number;
  /** As it stands, without blanks around it and a comment after it. */
  text: string;
  /** What the file has to be; null: whatever is there. */
  hash: string | null;
}

/** What else is in the file is the buildpack's to judge. */
export function addressLines(aptfile: string): AddressLine[] {
  return aptfile
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ text: line.replace(/\s#.*$/, '').trim(), number: index + 1 }))
    .filter(({ text }) => /^https:\/\/\S+$/i.test(text))
    .map((line) => ({
      ...line,
      hash: /#sha256=([0-9a-f]{64})$/i.exec(line.text)?.[1]?.toLowerCase() ?? null,
    }));
}

async function fetchOne(
  needs: DebNeeds & { limits: typeof usualLimits },
  request: DebRequest,
  { number, text, hash }: AddressLine,
): Promise<void> {
  const place = join(request.into, `${createHash('sha256').update(text).digest('hex')}.deb`);
  const kept = hash === null ? null : join(needs.folder, `${hash}.deb`);
  if (kept !== null && (await layKept(kept, place))) return;
  const url = readUrl(number, text);
  request.note(`-----> Fetching ${shownUrl(url)}`);
  const found = await store(needs, url, place, request.signal).catch((error: unknown) => {
    request.signal.throwIfAborted();
    if (!(error instanceof PlatformError)) throw error;
    throw cannotBeHad(number, shownUrl(url), messageOf(error), error);
  });
  if (hash !== null && hash !== found) {
    throw buildFailed(
      'E7',
      `Aptfile line ${number}: ${shownUrl(url)} is not the file whose hash stands behind it (it is sha256:${found}). If you expect another file there, write the new hash; if not, find out who changed it before you install it anywhere.`,
    );
  }
  if (hash === null) {
    request.note(
      ` !     Aptfile line ${number} has no hash: whoever serves it decides what your app gets, and it is fetched in each build.`,
    );
    request.note(` !     To have what came now, end the line with: #sha256=${found}`);
  }
}

function readUrl(number: number, text: string): URL {
  try {
    return fetchableUrl(text);
  } catch (error) {
    throw cannotBeHad(number, 'the address', messageOf(error), error);
  }
}

function cannotBeHad(number: number, what: string, why: string, cause: unknown): PlatformError {
  return buildFailed('E10', `Aptfile line ${number}: ${what} cannot be had. ${why}`, cause);
}

/** @returns the hash of what is there; a build that is told another one than it asked for fails with all it has */
async function store(
  { folder, download, limits }: DebNeeds & { limits: typeof usualLimits },
  url: URL,
  place: string,
  signal: AbortSignal,
): Promise<string> {
  const temporary = join(folder, `${randomUUID()}.part`);
  const file = await open(temporary, 'wx', 0o644);
  try {
    const hash = createHash('sha256');
    for await (const piece of await download(url, { maxBytes: limits.fileBytes, signal })) {
      hash.update(piece);
      await file.writeFile(piece);
    }
    const digest = hash.digest('hex');
    // Before it is among those that another build may remove.
    await lay(temporary, place);
    await markUsed(temporary);
    await rename(temporary, join(folder, `${digest}.deb`));
    return digest;
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
}

/** @returns whether it was there: another build may just have removed it */
async function layKept(kept: string, place: string): Promise<boolean> {
  try {
    await markUsed(kept);
    await lay(kept, place);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

let lastUse = 0;

/** Later than any before it: the file system's own clock stands still for some milliseconds. */
async function markUsed(path: string): Promise<void> {
  lastUse = Math.max(lastUse + 1, Date.now());
  await utimes(path, lastUse / 1000, lastUse / 1000);
}

/** The same file, where that is possible: nobody but us may write to it. */
async function lay(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await link(from, to).catch(() => copyFile(from, to));
}

/** What was used longest ago goes first. A build that goes on has its own link. @param dry only says what would go */
export async function trimDebs(needs: Pick<DebNeeds, 'folder' | 'limits'>, dry: boolean): Promise<Count> {
  const names = (await readdir(needs.folder).catch(() => [])).filter((name) => name.endsWith('.deb'));
  const files = await Promise.all(
    names.map(async (name) => ({ name, found: await stat(join(needs.folder, name)).catch(() => null) })),
  );
  let left = needs.limits?.keptBytes ?? usualLimits.keptBytes;
  const newestFirst = files.flatMap(({ name, found }) => (found ? [{ name, ...pick(found) }] : []));
  newestFirst.sort((a, b) => b.at - a.at);
  const removed = { count: 0, bytes: 0 };
  for (const { name, size } of newestFirst) {
    left -= size;
    if (left >= 0) continue;
    removed.count += 1;
    removed.bytes += size;
    if (!dry) await rm(join(needs.folder, name), { force: true });
  }
  return removed;
}

const pick = ({ size, mtimeMs }: { size: number; mtimeMs: number }) => ({ size, at: mtimeMs });
