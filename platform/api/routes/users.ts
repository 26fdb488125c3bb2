// Users, for administrators. Ours: v3 has members of teams.
import { type Request, Router } from 'express';
import { z } from 'zod';
import { addUser, findUser, removeUser, setAdmin } from '../../actions/users.ts';
import type { User } from '../../domain/user.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter, scopeBody, secondsBody } from '../input.ts';
import { type Detail, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import * as shape from '../serializers/team.ts';

const addBody = z.object({
  email: z.string(),
  admin: z.boolean().optional(),
  // Of the first token.
  scope: scopeBody,
  expires_in: secondsBody,
});
const changeBody = z.object({ admin: z.boolean() });
const removeBody = z.object({ transfer_to: z.string().nullish() });
const fields = {
  email: (one: User) => one.email,
  id: (one: User) => one.id,
  created_at: (one: User) => one.createdAt,
};

export function userRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  const { store } = platform;
  const found = (request: Request): User => findUser(platform, parameter(request, 'user'), callerOf(request));
  const shown = (one: User) =>
    shape.user(one, store.apps.list().filter((app) => app.ownerId === one.id).length);
  router.get('/users', need('admin'), (request, response) => {
    sendList(request, response, store.users.list(), fields, shown);
  });
  router.post('/users', edge.change('admin', 'users:add', added), (request, response) => {
    const { email, admin = false, scope, expires_in: seconds } = bodyOf(request, addBody);
    const order = { email, admin, scope: scope ?? [], expiresIn: seconds ?? null };
    const { user, token, text } = addUser(platform, callerOf(request), order);
    // The one answer that has the token.
    response.status(201).json({ ...shown(user), authorization: shape.authorization({ token, user }, text) });
  });
  router.get('/users/:user', need('admin'), (request, response) => {
    response.json(shown(found(request)));
  });
  router.patch('/users/:user', edge.change('admin', 'users:update', added), (request, response) => {
    const user = found(request);
    response.json(shown(setAdmin(platform, user, bodyOf(request, changeBody).admin)));
  });
  router.delete('/users/:user', edge.change('admin', 'users:remove', removed), (request, response) => {
    const user = found(request);
    const { transfer_to: to } = bodyOf(request, removeBody);
    const last = shown(user);
    removeUser(platform, user, to ? findUser(platform, to, callerOf(request)) : null);
    response.json(last);
  });
  return router;
}

const added: Detail = (_request, { email, admin }) =>
  typeof email === 'string' ? `${email}${admin === true ? ' (administrator)' : ''}` : undefined;
const removed: Detail = ({ body }, { email }) => {
  const to = removeBody.safeParse(body).data?.transfer_to;
  return typeof email === 'string' ? `${email}${to ? `, apps to ${to}` : ''}` : undefined;
};
