// Builds, slugs, and the kept output of builds and release phases.
import { timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, Router } from 'express';
import { z } from 'zod';
import { buildSource } from '../../actions/build-source.ts';
import { cancelBuild, purgeCache } from '../../actions/builds.ts';
import { redeploy } from '../../actions/deploy.ts';
import type { App } from '../../domain/app.ts';
import { messageOf, notFound, PlatformError } from '../../domain/errors.ts';
import type { Build } from '../../store/builds.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { answered, need } from '../need.ts';
import { allowSilence } from '../patience.ts';
import { sendList } from '../ranges.ts';
import * as shape from '../serializers/resources.ts';
import { leaving } from '../waiting.ts';
import { sentSource } from './sources.ts';

const newBuild = z.object({
  source_blob: z.object({
    url: z.string().max(4000),
    version: z
      .string()
      .max(200)
      .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII')
      .nullish(),
    version_description: z.string().max(300).nullish(),
    checksum: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/i, 'must be SHA256:<64 hex digits>')
      .nullish(),
  }),
  buildpacks: z.array(z.unknown()).nullish(),
});

export function buildRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/apps/:app/builds', need('read'), (request, response) => {
    const app = edge.app(request);
    const fields = {
      created_at: (one: { createdAt: string }) => one.createdAt,
      id: (one: { id: string }) => one.id,
    };
    sendList(request, response, platform.store.builds.list(app.id), fields, (one) =>
      shape.build(platform, app, one, edge.base(request)),
    );
  });
  router.post(
    '/apps/:app/builds',
    edge.change('deploy', 'builds:create', idOf),
    async (request, response) => {
      const app = edge.app(request);
      const { source_blob: blob, buildpacks } = bodyOf(request, newBuild);
      if (buildpacks?.length)
        throw new PlatformError(
          'invalid_params',
          'buildpacks: a build uses those of its app. Name them in the config var BUILDPACK_URL or in the file .buildpacks.',
        );
      const { buildId, done } = await buildSource(platform, app, callerOf(request), {
        sent: sentSource(platform, blob.url),
        url: blob.url,
        version: blob.version || null,
        description: blob.version_description ?? null,
        checksum: blob.checksum ?? null,
      });
      done.catch((error: unknown) =>
        platform.log.info({ app: app.name, build: buildId, error: messageOf(error) }, 'build failed'),
      );
      const build = platform.store.builds.byId(buildId)!;
      response.status(201).json(shape.build(platform, app, build, edge.base(request)));
    },
  );
  router.get('/apps/:app/builds/:build', need('read'), (request, response) => {
    const app = edge.app(request);
    response.json(shape.build(platform, app, findBuild(request, app), edge.base(request)));
  });
  router.delete(
    '/apps/:app/builds/:build',
    edge.change('deploy', 'builds:cancel', idOf),
    async (request, response) => {
      const app = edge.app(request);
      const { id } = findBuild(request, app);
      await cancelBuild(platform, id, callerOf(request));
      response.json(shape.build(platform, app, platform.store.builds.byId(id)!, edge.base(request)));
    },
  );
  router.delete(
    '/apps/:app/build-cache',
    edge.change('deploy', 'builds:cache:purge'),
    async (request, response) => {
      await purgeCache(platform, edge.app(request), callerOf(request));
      response.status(202).json({});
    },
  );
  router.post(
    '/apps/:app/actions/redeploy',
    edge.change('deploy', 'redeploy', idOf),
    async (request, response) => {
      const app = edge.app(request);
      const { buildId, done } = await redeploy(platform, app, callerOf(request));
      done.catch((error: unknown) =>
        platform.log.info({ app: app.name, build: buildId, error: messageOf(error) }, 'redeploy failed'),
      );
      response
        .status(201)
        .json(shape.build(platform, app, platform.store.builds.byId(buildId)!, edge.base(request)));
    },
  );
  router.get('/apps/:app/slugs/:slug', need('read'), (request, response) => {
    const app = edge.app(request);
    const slug = platform.store.slugs.byId(parameter(request, 'slug'));
    if (!slug || slug.appId !== app.id) throw notFound('slug', `${app.name} has no such slug.`);
    response.json(shape.slug(slug));
  });
  return router;

  function findBuild(request: Request, app: App): Build {
    const build = platform.store.builds.byId(parameter(request, 'build'));
    if (!build || build.appId !== app.id)
      throw notFound('build', `${app.name} has no such build. "twelve builds" lists them.`);
    return build;
  }
}

const idOf = answered('id');

/** Capability URLs: the signature in the path is the right to read. */
export function outputRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/outputs/:id/:signature', need('open'), async (request, response) => {
    const id = parameter(request, 'id');
    const given = Buffer.from(parameter(request, 'signature'));
    const right = Buffer.from(platform.store.sign(`output:${id}`));
    const lines =
      given.length === right.length && timingSafeEqual(given, right)
        ? platform.outputs.read(id, leaving(response))
        : null;
    if (!lines) throw notFound('output', 'There is no output here: it has not begun yet, or was removed.');
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    allowSilence(request);
    response.flushHeaders();
    // A reader that leaves early is no failure of ours.
    await pipeline(Readable.from(lines), response).catch(() => undefined);
  });
  return router;
}
