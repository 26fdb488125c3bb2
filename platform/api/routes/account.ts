// The caller, and the small fixed lists clients ask for.
import { Router } from 'express';
import { stackName } from '../../actions/apps.ts';
import { defaultSizes } from '../../domain/formation.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import * as shape from '../serializers/resources.ts';

export function accountRoutes(_edge: Edge): Router {
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
  router.get('/dyno-sizes', (_request, response) => {
    response.json(
      defaultSizes.map((size) => ({
        id: shape.stableId(size.name),
        name: size.name,
        memory: size.memoryMb / 1024,
        compute: size.cpuShare,
        cost: null,
        dedicated: false,
        dyno_units: size.cpuShare,
        private_space_only: false,
      })),
    );
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
