// Certificates that are ordered by themselves: how the names of an app, or of the server, stand; trying again those that failed.
import { Router } from 'express';
import { z } from 'zod';
import { acmeStandings, refreshAcme } from '../../actions/acme-refresh.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf } from '../input.ts';
import { type Detail, need } from '../need.ts';
import { allOwners, type Owners } from '../owners.ts';
import { sendList } from '../ranges.ts';
import { acmHost } from '../serializers/acm.ts';

/** As Heroku's clients send it. */
const refreshBody = z.object({ acm_refresh: z.literal(true, 'It is true, which tries again what failed') });
const fields = { hostname: (host: string) => host };

export function acmRoutes(edge: Edge): Router {
  const router = Router();
  for (const owners of allOwners(edge)) serve(router, edge, owners);
  return router;
}

function serve(router: Router, edge: Edge, { path: before, ownerOf, look, alter }: Owners): void {
  const { platform } = edge;
  const path = `${before}/acm`;
  router.get(path, need(look), (request, response) => {
    const { hosts, standingOf } = acmeStandings(platform, ownerOf(request));
    sendList(request, response, hosts, fields, (host) => acmHost(standingOf(host)));
  });
  router.patch(path, edge.change(alter, 'certs:auto:refresh', refreshed), async (request, response) => {
    const owner = ownerOf(request);
    bodyOf(request, refreshBody);
    const tried = await refreshAcme(platform, owner, callerOf(request));
    const { hosts, standingOf } = acmeStandings(platform, owner);
    response.json(hosts.map((host) => ({ ...acmHost(standingOf(host)), refreshed: tried.includes(host) })));
  });
}

/** The names that are tried again. */
const refreshed: Detail = (_request, answer) => {
  const all = Object.values(answer) as { hostname: string; refreshed: boolean }[];
  const names = all.filter((one) => one.refreshed).map(({ hostname }) => hostname);
  return names.length > 0 ? names.join(', ') : undefined;
};
