// Domains: the built-in name of an app, and those of its own.
import { Router } from 'express';
import { z } from 'zod';
import { addDomain, findDomain, removeDomain } from '../../actions/domains.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { answered, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import * as shape from '../serializers/domains.ts';

const addBody = z.object({ hostname: z.string(), sni_endpoint: z.null().optional() });

const nameOf = answered('hostname');
const fields = {
  hostname: (one: shape.Listed) => one.hostName,
  id: (one: shape.Listed) => one.id,
};

export function domainRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/apps/:app/domains', need('read'), (request, response) => {
    const app = edge.app(request);
    const all = [shape.builtIn(platform, app), ...platform.store.domains.ofApp(app.id).map(shape.custom)];
    sendList(request, response, all, fields, shape.shapes(platform, app));
  });
  router.post(
    '/apps/:app/domains',
    edge.change('write', 'domains:add', nameOf),
    async (request, response) => {
      const app = edge.app(request);
      const domain = await addDomain(platform, app, callerOf(request), bodyOf(request, addBody).hostname);
      response.status(201).json(shape.shapes(platform, app)(shape.custom(domain)));
    },
  );
  router.get('/apps/:app/domains/:domain', need('read'), (request, response) => {
    const app = edge.app(request);
    const wanted = parameter(request, 'domain');
    const own = shape.builtIn(platform, app);
    const isOwn = wanted === own.hostName || wanted === own.id;
    const one = isOwn ? own : shape.custom(findDomain(platform, app, wanted));
    response.json(shape.shapes(platform, app)(one));
  });
  router.delete(
    '/apps/:app/domains/:domain',
    edge.change('write', 'domains:remove', nameOf),
    async (request, response) => {
      const app = edge.app(request);
      const gone = await removeDomain(platform, app, parameter(request, 'domain'));
      response.json(shape.shapes(platform, app)(shape.custom(gone)));
    },
  );
  return router;
}
