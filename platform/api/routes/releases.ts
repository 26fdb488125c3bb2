// Releases and rollback; config vars, whose every change is a release.
import { Router } from 'express';
import { z } from 'zod';
import { readConfigVars, setConfigVars } from '../../actions/config.ts';
import { findRelease, releaseSlug, rollback } from '../../actions/release.ts';
import { PlatformError } from '../../domain/errors.ts';
import type { Release } from '../../domain/release.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { type Detail, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import * as shape from '../serializers/resources.ts';
import { waitAsAsked } from '../waiting.ts';

const newRelease = z.object({
  release: z.union([z.string(), z.number()]).optional(),
  slug: z.string().optional(),
  description: z.string().optional(),
});
// A record leaves this name out without a word; every other bad one is refused with the rest of the rules.
const configChange = z
  .custom<Record<string, unknown>>(
    (body) => typeof body !== 'object' || body === null || !Object.hasOwn(body, '__proto__'),
    '"__proto__" is not a config var name',
  )
  .pipe(z.record(z.string(), z.string().nullable()));

/** Its description is what the ledger says of it. */
const described: Detail = (_request, { version, description }) =>
  version === undefined ? undefined : `v${version}: ${description}`;
const namesOf: Detail = ({ body }) =>
  Object.entries(configChange.safeParse(body).data ?? {})
    .map(([name, value]) => (value === null ? `${name} (removed)` : name))
    .join(', ');

export function releaseRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  const fields = {
    version: (one: Release) => one.version,
    id: (one: Release) => one.id,
    created_at: (one: Release) => one.createdAt,
  };
  router.get('/apps/:app/releases', need('read'), (request, response) => {
    const app = edge.app(request);
    sendList(request, response, platform.store.releases.list(app.id), fields, (one) =>
      shape.release(platform, app, one, edge.base(request)),
    );
  });
  router.post(
    '/apps/:app/releases',
    edge.change('deploy', 'rollback', described),
    async (request, response) => {
      const app = edge.app(request);
      const { release, slug, description } = bodyOf(request, newRelease);
      if ((release === undefined) === (slug === undefined))
        throw new PlatformError('invalid_params', 'Give either "release" (to roll back to) or "slug".');
      const made =
        release !== undefined
          ? await rollback(platform, app, callerOf(request), String(release))
          : releaseSlug(platform, app, callerOf(request), slug!, description);
      response.status(201).json(shape.release(platform, app, made, edge.base(request)));
    },
  );
  router.get('/apps/:app/releases/:release', need('read'), async (request, response) => {
    const app = edge.app(request);
    const release = findRelease(platform, app, parameter(request, 'release'));
    await waitAsAsked(request, response, (signal) => platform.processes.settled(release.id, signal));
    response.json(
      shape.release(platform, app, platform.store.releases.byId(release.id)!, edge.base(request)),
    );
  });
  router.get('/apps/:app/releases/:release/config-vars', need('secrets'), (request, response) => {
    const release = findRelease(platform, edge.app(request), parameter(request, 'release'));
    response.json(platform.store.releases.config(release));
  });
  router.get('/apps/:app/config-vars', need('secrets'), (request, response) => {
    response.json(readConfigVars(platform, edge.app(request)));
  });
  router.patch('/apps/:app/config-vars', edge.change('write', 'config:set', namesOf), (request, response) => {
    const app = edge.app(request);
    // The release exists before this answers: clients print its version next.
    const release = setConfigVars(platform, app, callerOf(request), bodyOf(request, configChange));
    if (release) response.setHeader('Twelve-Release', String(release.version));
    response.json(readConfigVars(platform, app));
  });
  return router;
}
