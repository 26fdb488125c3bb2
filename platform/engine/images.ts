// The images of platform/images/: made when first needed, named by a hash of their definition, each one made once.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { debianHere, debianImage, debianReference } from './base-image.ts';
import type { Engine, ImageInfo } from './engine.ts';
import { forContainers, readHostSources } from './host-sources.ts';
import { contextOf, type Definition, readDefinition } from './image-definition.ts';
import { label } from './labels.ts';
import { programFiles } from './program-files.ts';

/** `platform` is the platform itself, for docker-compose.yml. */
export type ImageName = 'stack' | 'build' | 'build-node' | 'build-go' | 'router' | 'platform';
/** `updated-base`: between the base and the others, where there is an epoch. */
export type AnyName = ImageName | 'base' | 'updated-base';

export interface MadeImage {
  /** `twelve/stack:4f1c09d2ab37` */
  reference: string;
  /** `sha256:…` */
  id: string;
}

export interface Images {
  /** The image, made first where it is not there. Asked for twice at a time it is made once. */
  ensure(name: ImageName, options?: EnsureOptions): Promise<MadeImage>;
  /** What an image of this name is called, made or not: its definition says so. */
  reference(name: AnyName): Promise<string>;
  /** What `ensure` has answered so far, without asking the engine again. */
  known(): ReadonlyMap<AnyName, MadeImage>;
  /** When the oldest of Debian's packages in the server's images came into them, as far as those are there; null: none is. */
  packagesAsOf(): Promise<string | null>;
  /** Ends what is being made. */
  close(): Promise<void>;
}

interface EnsureOptions {
  signal?: AbortSignal;
  /** It is not there and is being made, which takes its time. */
  onMaking?: () => void;
}

interface Needs {
  engine: Engine;
  /** One folder per image. */
  folder?: string;
  /** `http_proxy`, `https_proxy`, `no_proxy` as the server was given them. */
  proxies?: Readonly<Record<string, string>>;
  /** `npm_config_…` and `PIP_…` for the platform's own image. */
  packageSettings?: Readonly<Record<string, string>>;
  /** Another one is other images, with the newest packages of the time they are made; empty: none, they stay what they are. */
  epoch?: string;
  onProgress?: (line: string) => void;
}

/** platform/images, seen from platform/engine as well as from dist/engine. */
export const imagesFolder = join(import.meta.dirname, '../../platform/images');

/** What an image starts from; null is Debian's own image. */
const parents: Record<AnyName, AnyName | null> = {
  base: null,
  'updated-base': 'base',
  stack: 'base',
  build: 'stack',
  'build-node': 'build',
  'build-go': 'build',
  router: 'base',
  platform: 'base',
};

/** What a server works with; those that others start from come last. */
export const serverImages: readonly AnyName[] = [
  'build-node',
  'build-go',
  'build',
  'router',
  'stack',
  'updated-base',
  'base',
];

interface Making {
  result: Promise<MadeImage>;
  abort: AbortController;
  waiting: number;
  /** null: it is being made. */
  listeners: (() => void)[] | null;
}

export function createImages({
  engine,
  folder = imagesFolder,
  proxies = {},
  packageSettings = {},
  epoch = '',
  onProgress = () => {},
}: Needs): Images {
  const making = new Map<AnyName, Making>();
  const known = new Map<AnyName, MadeImage>();
  let architecture: string | undefined;

  /** Joins the making of `name`, or starts it. It ends early only when nobody waits for it any more. */
  async function shared(name: AnyName, { signal, onMaking }: EnsureOptions = {}): Promise<MadeImage> {
    signal?.throwIfAborted();
    const current = making.get(name) ?? begin(name);
    current.waiting += 1;
    if (current.listeners === null) onMaking?.();
    else if (onMaking) current.listeners.push(onMaking);
    try {
      return await untilAborted(current.result, signal);
    } finally {
      current.waiting -= 1;
      if (current.waiting === 0) current.abort.abort();
    }
  }

  function begin(name: AnyName): Making {
    const abort = new AbortController();
    const tell = (): void => {
      const listeners = started.listeners ?? [];
      started.listeners = null;
      for (const listener of listeners) listener();
    };
    const result = find(name, abort.signal, tell).finally(() => {
      if (making.get(name)?.abort === abort) making.delete(name);
    });
    // Whoever waits hears of a failure; when all have gone nobody does.
    result.catch(() => {});
    // Nobody may join what is being given up.
    abort.signal.addEventListener('abort', () => {
      if (making.get(name)?.abort === abort) making.delete(name);
    });
    const started: Making = { result, abort, waiting: 0, listeners: [] };
    making.set(name, started);
    return started;
  }

  async function find(name: AnyName, signal: AbortSignal, onMaking: () => void): Promise<MadeImage> {
    const reference = await referenceOf(name);
    const there = await engine.image(reference);
    if (!there) onMaking();
    const image = there ?? (await make(name, reference, signal));
    const made = { reference, id: image.id };
    known.set(name, made);
    return made;
  }

  async function make(name: AnyName, reference: string, signal: AbortSignal): Promise<ImageInfo> {
    const parent = parentOf(name);
    const from = parent
      ? (await shared(parent, { signal })).reference
      : await debianImage(engine, { proxies, onProgress, signal });
    const started = Date.now();
    onProgress(`making image ${reference} on ${from}`);
    const definition = await definitionOf(name);
    const settings = await hostSettings(name, proxies);
    const image = await engine.buildImage({
      tag: reference,
      context: contextOf(definition),
      buildArgs: { BASE: from, ...settings, ...definition.buildArgs },
      labels: { [label.image]: name },
      signal,
    });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    onProgress(`made image ${reference} in ${seconds} s (${Math.round(image.size / 1e6)} MB)`);
    return image;
  }

  async function definitionOf(name: AnyName): Promise<Definition> {
    const definition = { folder: join(folder, name) };
    if (name === 'updated-base') return { ...definition, buildArgs: { EPOCH: epoch } };
    if (name !== 'platform') return definition;
    const root = join(folder, '../..');
    return { ...definition, program: { root, files: await programFiles(root) }, buildArgs: packageSettings };
  }

  async function referenceOf(name: AnyName): Promise<string> {
    // An engine's machine stays what it is; the question costs as much as the rest.
    architecture ??= (await engine.info()).architecture;
    const parent = parentOf(name);
    const from = parent ? await referenceOf(parent) : debianReference;
    const hash = createHash('sha256').update(`${architecture}\n${from}\n`);
    hash.update(await readDefinition(await definitionOf(name)));
    return `twelve/${name}:${hash.digest('hex').slice(0, 12)}`;
  }

  function parentOf(name: AnyName): AnyName | null {
    const parent = parents[name];
    return parent === 'base' && epoch && name !== 'updated-base' ? 'updated-base' : parent;
  }

  async function packagesAsOf(): Promise<string | null> {
    // What an update went over is as new as the update.
    const names = serverImages.filter((name) => name !== (epoch ? 'base' : 'updated-base'));
    const found: ({ createdAt: string } | null)[] = await Promise.all(
      names.map(async (name) => engine.image(await referenceOf(name))),
    );
    // The base takes Debian's image as it is, which may have been there for long.
    if (!epoch) found.push(await debianHere(engine));
    // One that does not say when it was made counts as of 1970, and tells nothing.
    const dates = found.flatMap((image) =>
      image && Date.parse(image.createdAt) > 0 ? [image.createdAt] : [],
    );
    return dates.sort()[0] ?? null;
  }

  return {
    ensure: shared,
    reference: referenceOf,
    known: () => known,
    packagesAsOf,
    async close() {
      const all = [...making.values()];
      for (const each of all) each.abort.abort();
      await Promise.allSettled(all.map((each) => each.result));
    },
  };
}

/** What the host's package manager needs to reach Debian: the base image keeps the sources, proxies are not kept. */
async function hostSettings(
  name: AnyName,
  proxies: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const host = await readHostSources();
  // Engines know these names: they are in the environment of the build and not in the image's history.
  const environment = forContainers({ ...host.proxies, ...proxies });
  return name === 'base' ? { ...environment, SOURCES: host.sources, APT_CONF: host.aptConf } : environment;
}

function untilAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason);
    signal.addEventListener('abort', give, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}
