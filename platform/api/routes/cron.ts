// Cron entries of an app: ours, in the manner of the Platform API v3.
import { Router } from 'express';
import { runCron, suspendCron } from '../../actions/cron.ts';
import type { CronStatus } from '../../domain/cron.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { parameter } from '../input.ts';
import { type Detail, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import * as shape from '../serializers/cron.ts';
import { dyno } from '../serializers/resources.ts';

const entryOf: Detail = (request) => parameter(request, 'entry') || 'all';

export function cronRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/apps/:app/cron', need('read'), (request, response) => {
    const app = edge.app(request);
    const all = platform.cron.status(app);
    // As app.json has them.
    const fields = {
      position: (one: CronStatus) => all.indexOf(one),
      id: (one: CronStatus) => one.entry.id,
    };
    sendList(request, response, all, fields, (one) => shape.cron(app, one));
  });
  router.post(
    '/apps/:app/cron/:entry/actions/run',
    edge.change('write', 'cron:run', entryOf),
    async (request, response) => {
      const app = edge.app(request);
      const started = await runCron(platform, app, callerOf(request), parameter(request, 'entry'));
      response.status(201).json(dyno(app, started));
    },
  );
  for (const [verb, suspended] of [
    ['suspend', true],
    ['resume', false],
  ] as const) {
    router.post(
      [`/apps/:app/cron/actions/${verb}`, `/apps/:app/cron/:entry/actions/${verb}`],
      edge.change('write', `cron:${verb}`, entryOf),
      (request, response) => {
        const app = edge.app(request);
        const entry = parameter(request, 'entry') || null;
        const all = suspendCron(platform, app, callerOf(request), entry, suspended);
        response.json(all.map((one) => shape.cron(app, one)));
      },
    );
  }
  return router;
}
