// The caller, and the small fixed lists clients ask for.
import { Router } from 'express';
import { stackName } from '../../actions/apps.ts';
import { notFound } from '../../domain/errors.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { parameter } from '../input.ts';
import { need } from '../need.ts';
import * as shape from '../serializers/resources.ts';
import { dynoSize } from '../serializers/sizes.ts';

export function accountRoutes({ platform }: Edge): Router {
  const router = Router();
  router.get(['/account', '/users/~'], need('account'), (request, response) => {
    response.json(shape.account(callerOf(request).user));
  });
  router.get('/account/rate-limits', need('account'), (_request, response) => {
    response.json({ remaining: 4500 });
  });
  router.get('/regions', need('account'), (_request, response) => {
    response.json([shape.region()]);
  });
  router.get('/stacks', need('account'), (_request, response) => {
    response.json([shape.stack(stackName)]);
  });
  const { sizes } = platform.config;
  router.get('/dyno-sizes', need('account'), (_request, response) => {
    response.json(sizes.map(dynoSize));
  });
  router.get('/dyno-sizes/:size', need('account'), (request, response) => {
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
  ]) {
    router.get(path, need('account'), (_request, response) => {
      response.json([]);
    });
  }
  return router;
}
