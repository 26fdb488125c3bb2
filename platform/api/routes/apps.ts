// Apps.
import { Router } from 'express';
import { z } from 'zod';
import { requireRole, visibleApps } from '../../actions/access.ts';
import { createApp, destroyApp, renameApp, requireStill, setMaintenance } from '../../actions/apps.ts';
import { requireHttps, setHttpsRedirect } from '../../actions/certificates.ts';
import { messageOf } from '../../domain/errors.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf } from '../input.ts';
import { about, type Detail, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import * as shape from '../serializers/resources.ts';

const createBody = z.object({ name: z.string().nullish() });
const changeBody = z.object({
  name: z.string().optional(),
  maintenance: z.boolean().optional(),
  https_redirect: z.boolean().optional(),
});

export function appRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get(['/apps', '/users/~/apps'], need('read'), (request, response) => {
    const fields = { name: nameOf, id: idOf, updated_at: updatedOf, created_at: createdOf };
    const apps = visibleApps(platform, callerOf(request).user);
    sendList(request, response, apps, fields, (one) => shape.app(platform, one, edge.base(request)));
  });
  router.post('/apps', edge.change('write', 'apps:create'), async (request, response) => {
    const { name } = bodyOf(request, createBody);
    const app = about(platform, request, await createApp(platform, callerOf(request), name ?? undefined));
    response.status(201).json(shape.app(platform, app, edge.base(request)));
  });
  router.get('/apps/:app', need('read'), (request, response) => {
    response.json(shape.app(platform, edge.app(request), edge.base(request)));
  });
  router.patch('/apps/:app', edge.change('write', 'apps:update', changed), async (request, response) => {
    const app = edge.app(request);
    const { name, maintenance, https_redirect: redirect } = bodyOf(request, changeBody);
    if (name !== undefined) requireRole(platform, 'own', callerOf(request).user, app);
    // Before anything is changed: what was refused has changed nothing.
    if (redirect) requireHttps(platform);
    if (name !== undefined) await renameApp(platform, app, name);
    if (maintenance !== undefined) await setMaintenance(platform, app, maintenance);
    if (redirect !== undefined) await setHttpsRedirect(platform, app, redirect);
    response.json(shape.app(platform, requireStill(platform, app), edge.base(request)));
  });
  router.delete('/apps/:app', edge.change('own', 'apps:destroy'), async (request, response) => {
    const app = edge.app(request);
    const gone = shape.app(platform, app, edge.base(request));
    // Stopping takes up to its grace time; the name is free and the app gone from now on.
    const done = destroyApp(platform, app, callerOf(request));
    done.catch((error: unknown) =>
      platform.log.error({ error: messageOf(error), app: app.name }, 'clean-up of a destroyed app failed'),
    );
    // Else it could not be written down, and nothing was destroyed.
    if (platform.store.apps.byId(app.id)) await done;
    response.json(gone);
  });
  for (const list of ['addons', 'addon-attachments', 'features', 'webhooks']) {
    router.get(`/apps/:app/${list}`, need('read'), (request, response) => {
      edge.app(request);
      response.json([]);
    });
  }
  return router;
}

const changed: Detail = ({ body }) => {
  const { name, maintenance, https_redirect: redirect } = changeBody.safeParse(body).data ?? {};
  return [
    ...(name === undefined ? [] : [`name ${name}`]),
    ...(maintenance === undefined ? [] : [`maintenance ${maintenance ? 'on' : 'off'}`]),
    ...(redirect === undefined ? [] : [`https redirect ${redirect ? 'on' : 'off'}`]),
  ].join(', ');
};

interface Listed {
  id: string;
  name: string;
  createdAt: string;
  updatedAt: string;
}
const idOf = (one: Listed): string => one.id;
const nameOf = (one: Listed): string => one.name;
const createdOf = (one: Listed): string => one.createdAt;
const updatedOf = (one: Listed): string => one.updatedAt;
