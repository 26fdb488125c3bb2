// Builds for the tests of this folder: a builder on the real engine with folders of its own, and sources made from a map.
import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuiltTree, createBuilder } from '../../../platform/build/build.ts';
import { firstParty, languageImage } from '../../../platform/build/first-party.ts';
import { hostGoConfig } from '../../../platform/build/host-go.ts';
import { hostNpmConfig } from '../../../platform/build/host-npm.ts';
import { hostPipConfig } from '../../../platform/build/host-pip.ts';
import type { BuilderNeeds } from '../../../platform/build/needs.ts';
import { readConfig } from '../../../platform/config.ts';
import type { PinnedBuildpack } from '../../../platform/domain/buildpack.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import { createImages } from '../../../platform/engine/images.ts';
import { ownLabels } from '../../../platform/engine/labels.ts';

export const commit = '0123456789abcdef0123456789abcdef01234567';
export const ourBuildpacks = join(import.meta.dirname, '..', '..', '..', 'buildpacks');

/** Path → content; a content `-> x` is a link to x, an executable starts with `#!`. */
export type Files = Record<string, string>;

export async function writeTree(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    await mkdir(dirname(full), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), full);
    else await writeFile(full, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 });
  }
}

/** For tests that name none from elsewhere. */
const noFetchers: BuilderNeeds['fetchers'] = {
  resolveRef: async ({ url }) => nothingFrom(url),
  fetchTree: async ({ url }) => nothingFrom(url),
  download: async (url) => nothingFrom(url),
};

function nothingFrom(url: URL): never {
  throw new PlatformError('build_failed', `${url.host} is not for this test.`);
}

export type Builds = Awaited<ReturnType<typeof startBuilds>>;

export interface Built {
  tree: BuiltTree;
  lines: string[];
  app: string;
}

export async function startBuilds(overrides: Partial<BuilderNeeds> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-builds-'));
  const instance = `t${randomUUID().slice(0, 8)}`;
  const engine = createDockerEngine({ socketPath: readConfig(process.env).engineSocket });
  const images = createImages({ engine });
  const builder = createBuilder({
    engine,
    instance,
    image: async (language) => (await images.ensure(languageImage[language])).reference,
    stackName: 'debian-13',
    stackCompat: 'heroku-24',
    buildpacksFolder: ourBuildpacks,
    collectionFolder: join(folder, 'collection'),
    fetchers: noFetchers,
    workFolder: join(folder, 'work'),
    cacheFolder: join(folder, 'cache'),
    memory: 2048 * 1_048_576,
    timeoutMs: 300_000,
    caFile: readConfig(process.env).caFile,
    npmConfig: await hostNpmConfig(),
    pipConfig: await hostPipConfig(),
    goConfig: await hostGoConfig(),
    ...overrides,
  });
  const trees: BuiltTree[] = [];

  interface Options {
    app?: string;
    config?: Record<string, string>;
    signal?: AbortSignal;
    id?: string;
    onLine?: (line: string) => void;
    /** The app's own list. */
    buildpacks?: readonly PinnedBuildpack[];
    isFirst?: boolean;
  }

  async function build(source: string | Files, options: Options = {}): Promise<Built> {
    const lines: string[] = [];
    const tree = await builder.build({
      id: options.id ?? randomUUID(),
      appId: options.app ?? randomUUID(),
      appName: 'sample',
      commit,
      config: options.config ?? {},
      buildpacks: options.buildpacks ?? [],
      isFirst: options.isFirst ?? false,
      async fetchSource(into) {
        await (typeof source === 'string' ? cp(source, into, { recursive: true }) : writeTree(into, source));
        return undefined;
      },
      write: (line) => {
        lines.push(line);
        options.onLine?.(line);
      },
      signal: options.signal ?? new AbortController().signal,
    });
    trees.push(tree);
    await tree.keepCache();
    return { tree, lines, app: join(tree.root, 'app') };
  }

  return {
    engine,
    images,
    instance,
    folder,
    builder,
    build,
    /** The failure of a build that must fail: its id, its sentence and its log. */
    async failure(source: string | Files, options: Options = {}) {
      const lines: string[] = [];
      try {
        await build(source, { ...options, onLine: (line) => lines.push(line) });
      } catch (error) {
        if (!(error instanceof PlatformError)) throw error;
        return { code: error.code, id: error.details['id'], message: error.message, lines };
      }
      throw new Error('the build did not fail');
    },
    containers: () => engine.list(ownLabels(instance)),
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(trees.map((tree) => tree.dispose()));
      await builder.close();
      await builder.sweep();
      await images.close();
      engine.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A builder with buildpacks made for a test; they go with it. */
export async function startPurposeMade(
  scripts: Record<string, string>,
  overrides: Partial<BuilderNeeds> = {},
): Promise<Builds> {
  const folder = await purposeMade(scripts);
  const builds = await startBuilds({ buildpacksFolder: folder, ...overrides });
  return {
    ...builds,
    async [Symbol.asyncDispose]() {
      await builds[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** Buildpacks made for a test, under the names the platform knows: bin scripts by `<name>/<script>`. */
async function purposeMade(scripts: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'twelve-buildpacks-'));
  const files: Files = {};
  for (const { name } of firstParty) {
    files[`${name}/bin/detect`] = `#!/bin/bash\n${scripts[`${name}/detect`] ?? 'exit 1'}\n`;
    files[`${name}/bin/compile`] = `#!/bin/bash\n${scripts[`${name}/compile`] ?? 'true'}\n`;
  }
  for (const [path, script] of Object.entries(scripts)) {
    const [name, program] = path.split('/') as [string, string];
    files[`${name}/bin/${program}`] = `#!/bin/bash\n${script}\n`;
  }
  await writeTree(folder, files);
  return folder;
}
