// Collaborators of an app.
import { Router } from 'express';
import { z } from 'zod';
import {
  addCollaborator,
  findMember,
  type Member,
  membersOf,
  removeCollaborator,
} from '../../actions/collaborators.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { type Detail, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import { collaborator } from '../serializers/team.ts';

/** An e-mail address or an id, bare or as Heroku's libraries wrap it. `silent` and the like ask for mail, which is not sent. */
const userBody = z.union([
  z.string(),
  z.object({ email: z.string() }).transform(({ email }) => email),
  z.object({ id: z.string() }).transform(({ id }) => id),
]);
const addBody = z.object({ user: userBody });
const fields = {
  email: ({ user }: Member) => user.email,
  id: ({ id }: Member) => id,
  created_at: ({ createdAt }: Member) => createdAt,
};

export function collaboratorRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/apps/:app/collaborators', need('read'), (request, response) => {
    const app = edge.app(request);
    sendList(request, response, membersOf(platform, app), fields, (one) => collaborator(app, one));
  });
  router.post('/apps/:app/collaborators', edge.change('own', 'access:add', whom), (request, response) => {
    const app = edge.app(request);
    const { user } = bodyOf(request, addBody);
    const added = addCollaborator(platform, app, callerOf(request), user);
    response.status(201).json(collaborator(app, added));
  });
  router.get('/apps/:app/collaborators/:collaborator', need('read'), (request, response) => {
    const app = edge.app(request);
    response.json(collaborator(app, findMember(platform, app, parameter(request, 'collaborator'))));
  });
  router.delete(
    '/apps/:app/collaborators/:collaborator',
    edge.change('write', 'access:remove', whom),
    (request, response) => {
      const app = edge.app(request);
      const which = parameter(request, 'collaborator');
      response.json(collaborator(app, removeCollaborator(platform, app, callerOf(request), which)));
    },
  );
  return router;
}

const whom: Detail = (_request, { user }) => (user as { email: string } | undefined)?.email;
