// OAuth authorizations, as the Platform API has them: tokens with a scope and an expiry, shown once.
import { Router } from 'express';
import { z } from 'zod';
import {
  createToken,
  describeToken,
  findToken,
  renewToken,
  revokeToken,
  tokensOf,
} from '../../actions/tokens.ts';
import { notFound } from '../../domain/errors.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter, scopeBody, secondsBody } from '../input.ts';
import { type Detail, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import { authorization } from '../serializers/team.ts';

const description = z
  .string()
  .max(200)
  .regex(/^[^\p{C}]*$/u, 'is one line of text');
const createBody = z.object({
  description: description.nullish(),
  scope: scopeBody,
  expires_in: secondsBody,
  user: z.string().nullish(),
});
const changeBody = z.object({ description });

type Found = ReturnType<typeof findToken>;
const fields = {
  created_at: ({ token }: Found) => token.createdAt,
  id: ({ token }: Found) => token.id,
};
const one = '/oauth/authorizations/:authorization';

export function authorizationRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/oauth/authorizations', need('tokens'), (request, response) => {
    const whose = request.query['user'];
    const list = tokensOf(platform, callerOf(request), typeof whose === 'string' ? whose : null);
    sendList(request, response, list, fields, (found) => authorization(found));
  });
  router.post(
    '/oauth/authorizations',
    edge.change('tokens', 'authorizations:create', made),
    (request, response) => {
      const given = bodyOf(request, createBody);
      const { text, ...found } = createToken(platform, callerOf(request), {
        description: given.description?.trim() || 'Long-lived user authorization',
        scope: given.scope ?? [],
        expiresIn: given.expires_in ?? null,
        user: given.user ?? null,
      });
      response.status(201).json(authorization(found, text));
    },
  );
  router.get(one, need('account'), (request, response) => {
    response.json(authorization(findToken(platform, callerOf(request), parameter(request, 'authorization'))));
  });
  router.patch(one, edge.change('account', 'authorizations:update', made), (request, response) => {
    const which = parameter(request, 'authorization');
    const { description: text } = bodyOf(request, changeBody);
    response.json(authorization(describeToken(platform, callerOf(request), which, text)));
  });
  router.delete(one, edge.change('account', 'authorizations:revoke', made), (request, response) => {
    response.json(
      authorization(revokeToken(platform, callerOf(request), parameter(request, 'authorization'))),
    );
  });
  router.post(
    `${one}/actions/regenerate-tokens`,
    edge.change('account', 'authorizations:rotate', made),
    (request, response) => {
      const which = parameter(request, 'authorization');
      const { text, ...found } = renewToken(platform, callerOf(request), which);
      response.json(authorization(found, text));
    },
  );
  // Heroku's client ends its session when it logs out; tokens are no sessions.
  router.delete('/oauth/sessions/~', need('account'), () => {
    throw notFound('session', 'There are no sessions here, only authorizations.');
  });
  return router;
}

/** Which, of what scope, for whom; never the token. */
const made: Detail = (_request, answer) => {
  const { id, scope, user } = answer as { id?: string; scope?: string[]; user?: { email: string } };
  return id && `${id} (${scope?.join(', ')}) of ${user?.email}`;
};
