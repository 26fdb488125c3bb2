// The caller, and the small fixed lists clients ask for.
import { Router } from 'express';
import { stackName } from '../../actions/apps.ts';
import { notFound } from '../../domain/errors.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { parameter } from '../input.ts';
import * as shape from '../serializers/resources.ts';
import { dynoSize } from '../serializers/sizes.ts';

export function accountRoutes({ platform }: Edge): Router {
  const router = Router();
  router.get(['/account', '/users/~'], (request, response) => {
    response.json(shape.account(callerOf(request).user));
  });
  router.get('/account/rate-limits', (_request, response) => {
    response.json({ remaining: 4500 });
  });
  router.get('/regions', (_request, response) => {
    response.json([shape.region()]);
  });
  router.get('/stacks', (_request, response) => {
    response.json([shape.stack(stackName)]);
  });
  const { sizes } = platform.config;
  router.get('/dyno-sizes', (_request, response) => {
    response.json(sizes.map(dynoSize));
  });
  router.get('/dyno-sizes/:size', (request, response) => {
    const name = parameter(request, 'size');
    const found = sizes.find(
      (size) => size.name === name.toLowerCase() || shape.stableId(size.name) === name,
    );
    if (!found) throw notFound('dyno_size', `There is no size "${name.slice(0, 40)}".`);
    response.json(dynoSize(found));
  });
  for (const path of [
    '/account/features',
    '/account/keys',
    '/teams',
    '/addons',
    '/addon-attachments',
    '/pipelines',
    '/oauth/authorizations',
  ]) {
    router.get(path, (_request, response) => {
      response.json([]);
    });
  }
  return router;
}
