// Images on a Docker Engine: found, built, imported, saved, pulled, tagged, removed.
import { type ErrorCode, hasCode, PlatformError } from '../domain/errors.ts';
import type { DockerConnection } from './docker-connection.ts';
import { labelFilter } from './docker-containers.ts';
import { decodeImage, withoutNone } from './docker-decode.ts';
import { followProgress } from './docker-progress.ts';
import type { Engine, ImageInfo } from './engine.ts';

type ImagePart = Pick<
  Engine,
  'image' | 'images' | 'buildImage' | 'importImage' | 'saveImage' | 'pullImage' | 'tagImage' | 'removeImage'
>;

export function dockerImages(connection: DockerConnection): ImagePart {
  const { docker, call } = connection;

  const image: Engine['image'] = (reference) =>
    call(`look at the image ${reference}`, async () =>
      decodeImage(await docker.getImage(reference).inspect()),
    ).catch(unless('not_found', null));

  /** What was just made must be there; a clean-up by somebody else in between is told, not hidden. */
  const made = async (reference: string): Promise<ImageInfo> => {
    const found = await image(reference);
    if (found) return found;
    throw new PlatformError('engine_failed', `The image ${reference} was made and is gone again.`);
  };

  return {
    image,

    images: (labels) =>
      call('list images', async () => {
        const answer = await docker.listImages({ filters: { label: labelFilter(labels) } });
        return answer.map((each) => ({
          id: each.Id,
          tags: withoutNone(each.RepoTags),
          digests: withoutNone(each.RepoDigests),
          labels: { ...each.Labels },
          size: each.Size,
          createdAt: new Date(each.Created * 1000).toISOString(),
        }));
      }),

    buildImage: async ({ tag, context, buildArgs, labels, onLine, signal }) => {
      const doing = `build the image ${tag}`;
      await call(
        doing,
        async () => {
          const progress = await docker.buildImage(context, {
            t: tag,
            ...(buildArgs ? { buildargs: buildArgs } : {}),
            ...(labels ? { labels } : {}),
            rm: true,
            // A failed step's container would stay behind otherwise.
            forcerm: true,
            // The classic builder: it needs no session, and every engine from 20.10 to 29 has it.
            version: '1',
            ...(signal ? { abortSignal: signal } : {}),
          });
          await followProgress(doing, progress as unknown as AsyncIterable<Uint8Array>, onLine);
        },
        signal,
      );
      return made(tag);
    },

    importImage: async (tag, tar) => {
      const doing = `import the image ${tag}`;
      const { repo, version } = splitTag(tag);
      await call(doing, async () => {
        const progress = await docker.importImage(tar, { repo, tag: version });
        await followProgress(doing, progress as unknown as AsyncIterable<Uint8Array>);
      });
      return made(tag);
    },

    saveImage: (reference) =>
      connection.open(`save the image ${reference}`, {
        method: 'GET',
        path: `/images/${reference}/get`,
        query: {},
      }),

    pullImage: async ({ reference, auth, signal }) => {
      const doing = `pull the image ${reference}`;
      // Without tag or digest the engine would pull every tag there is.
      const whole = reference.includes('@') ? reference : joinTag(splitTag(reference));
      const login = auth ? { ...auth, serveraddress: registryOf(reference) } : undefined;
      await call(
        doing,
        async () => {
          const progress = await docker.createImage(login ?? {}, {
            fromImage: whole,
            ...(signal ? { abortSignal: signal } : {}),
          });
          await followProgress(doing, progress as unknown as AsyncIterable<Uint8Array>);
        },
        signal,
      );
      return made(reference);
    },

    tagImage: (reference, tag) =>
      call(`tag the image ${reference} as ${tag}`, async () => {
        const { repo, version } = splitTag(tag);
        await docker.getImage(reference).tag({ repo, tag: version });
      }),

    removeImage: (reference) =>
      call(`remove the image ${reference}`, async () => {
        await docker.getImage(reference).remove();
      }).catch(unless('not_found', undefined)),
  };
}

function unless<T>(code: ErrorCode, instead: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, code)) return instead;
    throw error;
  };
}

/** The last colon parts name and tag, unless it belongs to the registry's port. */
function splitTag(reference: string): { repo: string; version: string } {
  const colon = reference.lastIndexOf(':');
  if (colon <= reference.lastIndexOf('/')) return { repo: reference, version: 'latest' };
  return { repo: reference.slice(0, colon), version: reference.slice(colon + 1) };
}

function joinTag({ repo, version }: { repo: string; version: string }): string {
  return `${repo}:${version}`;
}

function registryOf(reference: string): string {
  return reference.split('/')[0] ?? '';
}
