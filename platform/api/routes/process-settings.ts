// What is set of an app's processes. Ours: v3 has nothing like it.
import { Router } from 'express';
import { z } from 'zod';
import { processSettingsOf, setProcessSettings } from '../../actions/process-settings.ts';
import type { App } from '../../domain/app.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf } from '../input.ts';
import { type Detail, need } from '../need.ts';

/** null, or an empty text, takes a key back to its default. */
const body = z.record(
  z.string(),
  z
    .union([z.string(), z.number()])
    .nullable()
    .transform((value) => (value === null ? '' : String(value))),
);

const keysOf: Detail = (request) => Object.keys(body.safeParse(request.body).data ?? {}).join(', ');

export function processSettingRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  const shape = (app: App) =>
    processSettingsOf(platform, app).map(({ key, value, from }) => ({
      key,
      value,
      set: from === 'ps:set',
      from,
    }));
  router.get('/apps/:app/process-settings', need('read'), (request, response) => {
    response.json(shape(edge.app(request)));
  });
  router.patch(
    '/apps/:app/process-settings',
    edge.change('write', 'ps:set', keysOf),
    async (request, response) => {
      const app = edge.app(request);
      await setProcessSettings(platform, app, callerOf(request), bodyOf(request, body));
      response.json(shape(app));
    },
  );
  return router;
}
