// Log sessions: which lines of an app's log somebody wants, in exchange for a URL that streams them.
import { Router } from 'express';
import { z } from 'zod';
import { PlatformError } from '../../domain/errors.ts';
import { nowMicros } from '../../domain/log-line.ts';
import { readLogQuery } from '../../domain/log-query.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import type { LogOrder } from '../log-sessions.ts';
import { need } from '../need.ts';
import * as shape from '../serializers/resources.ts';

const body = z.object({
  lines: z.number().int().min(0).max(1_000_000_000).optional(),
  tail: z.boolean().optional(),
  source: z.string().optional(),
  dyno: z.string().optional(),
  dyno_name: z.string().optional(),
  type: z.string().optional(),
  release: z.union([z.string(), z.number().int().transform(String)]).optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  grep: z.string().optional(),
  format: z.enum(['text', 'json'], 'A format is text or json').optional(),
});

const defaultLines = 100;

export function logSessionRoutes(edge: Edge): Router {
  const router = Router();
  router.post('/apps/:app/log-sessions', need('read'), (request, response) => {
    const app = edge.app(request);
    const secret = edge.logSessions.open({
      appId: app.id,
      stands: edge.stillMay(request, app),
      ...orderOf(bodyOf(request, body)),
    });
    const at = new Date().toISOString();
    response.status(201).json({
      id: shape.stableId(secret),
      logplex_url: `${edge.base(request)}/log-sessions/${secret}`,
      created_at: at,
      updated_at: at,
    });
  });
  return router;
}

export function logStreamRoutes(edge: Edge): Router {
  const router = Router();
  router.get('/log-sessions/:secret', need('open'), (request, response) =>
    edge.logSessions.serve(parameter(request, 'secret'), request, response),
  );
  return router;
}

function orderOf(given: z.infer<typeof body>): Omit<LogOrder, 'appId'> {
  const { lines, tail = false, format = 'text', dyno, dyno_name, type, ...words } = given;
  if (tail && words.until !== undefined)
    throw new PlatformError('invalid_params', 'A tail has no end: leave out either "tail" or "until".');
  const filter = readLogQuery({ ...words, process: dyno ?? dyno_name ?? type }, nowMicros());
  // Who says from when on wants all of it.
  const most = filter.since === undefined ? defaultLines : Number.POSITIVE_INFINITY;
  return { lines: lines ?? most, tail, format, filter };
}
