// Source → slug: built by buildpacks, packed into layers, recorded.
import type { BuiltTree } from '../build/build.ts';
import type { App } from '../domain/app.ts';
import { messageOf } from '../domain/errors.ts';
import type { Slug } from '../domain/slug.ts';
import { stackName } from './apps.ts';
import { readConfigVars } from './config.ts';
import type { Platform } from './context.ts';
import type { DeployOrder } from './deploy.ts';

/** A slug, and what its buildpacks would have as config vars where the app has none of its own yet. */
export interface Built {
  slug: Slug;
  configDefaults: Readonly<Record<string, string>>;
  /** What app.json says of a new app. */
  beginning: BuiltTree['beginning'];
  /** Clears the build's folder and container away: work that nobody should have to wait for, or share the machine with. */
  dispose(): void;
}

const mebibyte = 1_048_576;
/** From here on a slug works, and is slow to keep, to fetch and to start from. */
const largeSlugBytes = 300 * mebibyte;

export async function buildSlug(
  platform: Platform,
  app: App,
  order: DeployOrder,
  write: (line: string) => void,
): Promise<Built> {
  // Asked for while the build runs. Its failure is told where it is needed; a build that fails first has its own.
  const stackImage = platform.stackImage();
  stackImage.catch(() => undefined);
  const tree = await platform.builder.build({
    id: order.buildId,
    appId: app.id,
    appName: app.name,
    commit: order.commit,
    config: readConfigVars(platform, app),
    buildpacks: platform.store.buildpacks.of(app.id),
    isFirst: !platform.store.releases.base(app.id)?.slugId,
    fetchSource: (into, signal) => order.fetchSource(into, signal, write),
    write,
    signal: order.signal,
  });
  const dispose = (): void =>
    void tree
      .dispose()
      .catch((error: unknown) => platform.log.warn({ error: messageOf(error) }, 'work folder not removed'));
  try {
    platform.reached('built');
    write('-----> Packing slug');
    // A refused push leaves nothing in the repository, so not before its build has succeeded.
    const stored = order.store();
    stored.catch(() => undefined);
    const slug = await packSlug(platform, app, order, tree, await stackImage, write).finally(tree.keepCache);
    await stored;
    return { slug, configDefaults: tree.configDefaults, beginning: tree.beginning, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function packSlug(
  platform: Platform,
  app: App,
  order: DeployOrder,
  tree: BuiltTree,
  stackImage: string,
  write: (line: string) => void,
): Promise<Slug> {
  const packed = await platform.slugs.pack({
    root: tree.root,
    created: tree.created,
    stackImage,
    limitBytes: platform.config.slugLimitBytes,
    signal: order.signal,
  });
  platform.reached('packed');
  write(`       Done: ${(packed.size / mebibyte).toFixed(1)} MB`);
  if (packed.size >= largeSlugBytes) {
    const limit = Math.round(platform.config.slugLimitBytes / mebibyte);
    write(
      ` !     The slug is large (300 MB or more; ${limit} MB are allowed): deploys and starts take longer.`,
    );
    write(' !     Leave out what the app does not need when it runs: name such files in .slugignore.');
  }
  return platform.store.slugs.insert({
    appId: app.id,
    manifest: packed.manifest,
    layers: packed.layers,
    processTypes: tree.processTypes,
    declared: tree.declared,
    stack: stackName,
    stackImage,
    buildpacks: tree.buildpacks,
    commit: order.commit,
    commitDescription: await order.commitDescription,
    size: packed.size,
  });
}
