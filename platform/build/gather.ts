// The folders of the buildpacks that a build uses: ours are there, others are fetched or were.
import { join } from 'node:path';
import { type PinnedBuildpack, shortPin, wholeReference } from '../domain/buildpack.ts';
import { type Choice, type Chosen, readReference } from './choose.ts';
import type { Collection, Wish } from './collection.ts';

/** Clients give up a minute after they asked. */
const answerWithinMs = 50_000;

/** What a build copies, and how it is called. */
export interface Placed {
  name: string;
  /** In the build's output: `<url> at <commit>`. */
  label: string;
  folder: string;
  pin: string | null;
}

export interface Gathered {
  buildpacks: Placed[];
  /** They were copied. */
  release(): void;
}

/** @throws PlatformError `build_failed` (E3) */
export async function gather(
  needs: { buildpacksFolder: string; collection: Collection },
  choice: Choice,
  wish: Wish,
): Promise<Gathered> {
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const one of releases.splice(0)) one();
  };
  try {
    const buildpacks: Placed[] = [];
    for (const chosen of choice.buildpacks) buildpacks.push(await place(needs, chosen, wish, releases));
    return { buildpacks, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function place(
  { buildpacksFolder, collection }: { buildpacksFolder: string; collection: Collection },
  { name, foreign, pin }: Chosen,
  wish: Wish,
  releases: (() => void)[],
): Promise<Placed> {
  if (!foreign) return { name, label: name, folder: join(buildpacksFolder, name), pin: null };
  const taken = await collection.take(foreign, pin, wish);
  releases.push(taken.release);
  return { name, label: `${name} at ${shortPin(taken.pin)}`, folder: taken.folder, pin: taken.pin };
}

/** As an app's list keeps them. */
export function asList(choice: Choice, { buildpacks }: Gathered): PinnedBuildpack[] {
  return choice.buildpacks.map(({ name, foreign }, index) => ({
    reference: foreign ? wholeReference(foreign) : name,
    pin: buildpacks[index]!.pin,
  }));
}

/** @throws PlatformError `build_failed` (E3) */
export async function pinBuildpack(
  collection: Collection,
  text: string,
  signal: AbortSignal,
): Promise<PinnedBuildpack> {
  const reference = readReference(text);
  if (reference.kind === 'name') return { reference: reference.name, pin: null };
  return {
    reference: wholeReference(reference),
    pin: await collection.pin(reference, { signal, timeoutMs: answerWithinMs }),
  };
}
