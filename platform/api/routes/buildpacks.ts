// An app's own list of buildpacks; and, for clients of Heroku's that ask a registry first, what to call one of a name.
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { removeBuildpack, setBuildpacks, updateBuildpacks } from '../../actions/buildpacks.ts';
import { notFound } from '../../domain/errors.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { type Detail, need } from '../need.ts';
import * as shape from '../serializers/buildpacks.ts';
import { leaving } from '../waiting.ts';

const listBody = z.object({ updates: z.array(z.object({ buildpack: z.string() })) });
const removeBody = z.object({ buildpack: z.string() });
const updateBody = z.object({ buildpack: z.string().nullish() });

export function buildpackRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/apps/:app/buildpack-installations', need('read'), (request, response) => {
    response.json(shape.installations(platform.store.buildpacks.of(edge.app(request).id)));
  });
  router.put(
    '/apps/:app/buildpack-installations',
    edge.change('write', 'buildpacks:set', count),
    async (request, response) => {
      const app = edge.app(request);
      const references = bodyOf(request, listBody).updates.map((one) => one.buildpack);
      const left = leaving(response, new Error('the client has gone'));
      response.json(
        shape.installations(await setBuildpacks(platform, app, callerOf(request), references, left)),
      );
    },
  );
  router.post(
    '/apps/:app/buildpack-installations/actions/remove',
    edge.change('write', 'buildpacks:remove'),
    (request, response) => {
      const app = edge.app(request);
      const { buildpack } = bodyOf(request, removeBody);
      response.json(shape.installations(removeBuildpack(platform, app, callerOf(request), buildpack)));
    },
  );
  router.post(
    '/apps/:app/buildpack-installations/actions/update',
    edge.change('write', 'buildpacks:update'),
    async (request, response) => {
      const app = edge.app(request);
      const { buildpack } = bodyOf(request, updateBody);
      const which = buildpack ?? undefined;
      const left = leaving(response, new Error('the client has gone'));
      response.json(
        shape.installations(await updateBuildpacks(platform, app, callerOf(request), which, left)),
      );
    },
  );
  return router;
}

/**
 * Without a token, as a registry is asked. For any name: clients leave a name out of their list that a registry does not
 * know, and send the hole; what they are told of an unknown one when they send it is of more use.
 */
export function registryRoutes(): Router {
  const router = Router();
  router.get('/buildpacks/*name', need('open'), (request: Request, response: Response) => {
    const name = parameter(request, 'name');
    if (!/^[\w-]{1,60}(\/[\w-]{1,60})?$/.test(name))
      throw notFound('buildpack', `"${name.slice(0, 60)}" is not the name of a buildpack.`);
    response.json({ name, blob_url: `urn:buildpack:${name}` });
  });
  return router;
}

/** Not which: a URL may have a login in it. */
const count: Detail = ({ body }) => {
  const given = listBody.safeParse(body).data?.updates.length;
  return given === undefined ? undefined : `${given} in the list`;
};
