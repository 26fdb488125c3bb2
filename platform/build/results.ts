// What the driver left behind → what the buildpacks made, or the failure in words.
import type { Choice } from './choose.ts';
import {
  badRelease,
  buildFailed,
  buildpackMismatch,
  compileExplained,
  compileFailed,
  noBuildpack,
  outOfMemory,
  procfileTooLong,
  tooManyProcesses,
} from './failures.ts';
import type { Placed } from './gather.ts';
import { type Output, withoutColours } from './output.ts';
import { maxReleaseBytes, parseRelease, type ReleaseMetadata } from './release-metadata.ts';
import type { Workspace } from './workspace.ts';

const maxProcfileBytes = 262_144;

export interface BuildpackResult {
  used: { name: string; url: string; displayName: string; pin: string | null }[];
  /** Of the last one, which decides. */
  displayName: string;
  metadata: ReleaseMetadata;
  /** The Procfile as the build left it; null when there is none. */
  procfile: string | null;
}

interface Ended {
  workspace: Pick<Workspace, 'result'>;
  choice: Choice;
  /** The choice's buildpacks, as they were fetched. */
  placed: readonly Placed[];
  commit: string | null;
  entries: readonly string[];
  /** That PROJECT_PATH names; null: the root. */
  folder: string | null;
  memory: number;
  /** Whether a program said so. */
  saidOutOfMemory: Output['saidOutOfMemory'];
  /** Whether the kernel killed something in it for memory; asked only where it failed. */
  oomKilled(): Promise<boolean>;
  /** How many processes it might have, when it could start no more; else null. */
  outOfProcesses: number | null;
  /** What a buildpack says otherwise than by its output, fit to be shown. */
  clean: Output['clean'];
  /** ` !` lines at the end of the output, not written yet. */
  endOfOutput: string[];
  write(line: string): void;
}

/** @throws PlatformError `build_failed` */
export async function readResults(ended: Ended): Promise<BuildpackResult> {
  const { workspace, choice } = ended;
  const status = /^(\w+) (\d+) (\d+)\n$/.exec((await workspace.result('status', 100)) ?? '');
  const phase = status?.[1];
  const buildpack = choice.buildpacks[Number(status?.[2])];
  const code = Number(status?.[3]);
  if (phase === 'done') {
    for (const line of ended.endOfOutput) ended.write(line);
    return readSuccess(ended);
  }
  // What ended the program is the cause; whatever it or its parents said about that comes second.
  if (await ranOutOfMemory(ended, code)) {
    for (const line of ended.endOfOutput) ended.write(line);
    throw outOfMemory(ended.memory);
  }
  if (ended.outOfProcesses !== null) {
    for (const line of ended.endOfOutput) ended.write(line);
    throw tooManyProcesses(ended.outOfProcesses);
  }
  if (phase === undefined || !buildpack) {
    throw buildFailed('compile', 'The build container ended before the buildpacks did. Push again.');
  }
  if (phase === 'detect' && choice.mode === 'auto')
    throw noBuildpack(ended.commit, ended.entries, ended.folder);
  if (phase === 'detect' && choice.mode === 'explicit') {
    const said = ended.clean((await workspace.result(`detect-${status![2]}`, 8192)) ?? '');
    const position = { number: Number(status![2]) + 1, of: choice.buildpacks.length };
    throw buildpackMismatch(buildpack.name, position, said, choice.from);
  }
  const own = ownMessage(ended.endOfOutput);
  if (phase === 'release') {
    for (const line of ended.endOfOutput) ended.write(line);
    throw badRelease(buildpack.name, `exit code ${code}`);
  }
  throw own ? compileExplained(buildpack.name, code, own) : compileFailed(buildpack.name, code);
}

/** A program may say so, try with less, and go on: then something else is the cause of a later failure. */
async function ranOutOfMemory({ saidOutOfMemory, oomKilled }: Ended, code: number): Promise<boolean> {
  if (saidOutOfMemory === 'at the end') return true;
  // Ended by abort(), as V8 does, or killed.
  if (saidOutOfMemory === 'before' && (code === 134 || code === 137)) return true;
  return oomKilled();
}

async function readSuccess({ workspace, placed, clean }: Ended): Promise<BuildpackResult> {
  const numbers = ((await workspace.result('used', 4096)) ?? '').trim().split(' ').map(Number);
  const used = [];
  for (const n of numbers) {
    const buildpack = placed[n];
    if (!buildpack) continue;
    const said = clean(((await workspace.result(`name-${n}`, 4096)) ?? '').split('\n')[0]!).trim();
    used.push({
      name: buildpack.name,
      url: buildpack.name,
      pin: buildpack.pin,
      displayName: said.slice(0, 100) || buildpack.name,
    });
  }
  const last = used.at(-1);
  if (!last) throw buildFailed('compile', 'The build ended without having used a buildpack.');
  // One byte more than allowed, so that too much is noticed.
  const release = await workspace.result('release.yml', maxReleaseBytes + 1);
  let metadata: ReleaseMetadata;
  try {
    metadata = parseRelease(release ?? '');
  } catch (error) {
    throw badRelease(last.name, clean((error as Error).message));
  }
  metadata.addons = metadata.addons.map(clean);
  const procfile = await workspace.result('Procfile', maxProcfileBytes + 1);
  if (Buffer.byteLength(procfile ?? '') > maxProcfileBytes) throw procfileTooLong(maxProcfileBytes);
  return { used, displayName: last.displayName, metadata, procfile };
}

/** The ` !` lines with which a buildpack ended are its message; a last line such as `E7 lockfile-stale` names it. */
export function ownMessage(lines: readonly string[]): { message: string; id: string | null } | null {
  const texts = lines
    .map((line) =>
      withoutColours(line)
        .replace(/^ !\s*/, '')
        .trimEnd(),
    )
    .filter((text) => text.trim() !== '');
  const id = /^(E\d{1,2}) [a-z-]+$/.exec(texts.at(-1) ?? '')?.[1] ?? null;
  if (id !== null) texts.pop();
  return texts.length > 0 ? { message: texts.join('\n'), id } : null;
}
