// Log drains of an app: added, listed with how they stand, removed.
import { Router } from 'express';
import { z } from 'zod';
import {
  addDrain,
  type DrainAndStatus,
  drainsOf,
  findDrain,
  removeDrain,
  withStatus,
} from '../../actions/log-drains.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { answered, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import { logDrain } from '../serializers/log-drains.ts';

const addBody = z.object({ url: z.string(), insecure: z.boolean().optional() });
/** Its URL as it may be shown. */
const drainOf = answered('url');
const fields = {
  created_at: ({ drain }: DrainAndStatus) => drain.createdAt,
  id: ({ drain }: DrainAndStatus) => drain.id,
};

export function logDrainRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/apps/:app/log-drains', need('read'), async (request, response) => {
    const app = edge.app(request);
    sendList(request, response, await drainsOf(platform, app), fields, (one) => logDrain(app, one));
  });
  router.post(
    '/apps/:app/log-drains',
    edge.change('write', 'drains:add', drainOf),
    async (request, response) => {
      const app = edge.app(request);
      const { url, insecure = false } = bodyOf(request, addBody);
      const added = await addDrain(platform, app, callerOf(request), { url, insecure });
      response.status(201).json(logDrain(app, added));
    },
  );
  router.get('/apps/:app/log-drains/:drain', need('read'), async (request, response) => {
    const app = edge.app(request);
    const drain = findDrain(platform, app, parameter(request, 'drain'));
    response.json(logDrain(app, await withStatus(platform, app, drain)));
  });
  router.delete(
    '/apps/:app/log-drains/:drain',
    edge.change('write', 'drains:remove', drainOf),
    async (request, response) => {
      const app = edge.app(request);
      const gone = await removeDrain(platform, app, callerOf(request), parameter(request, 'drain'));
      response.json(logDrain(app, gone));
    },
  );
  return router;
}
