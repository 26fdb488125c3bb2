// What went wrong with an app, by code. Ours: Heroku shows it with a service of its own.
import { Router } from 'express';
import { type CodeCount, countCodes } from '../../actions/errors.ts';
import { codes } from '../../domain/code.ts';
import type { Edge } from '../edge.ts';
import { need } from '../need.ts';
import { sendList } from '../ranges.ts';

export function errorRoutes(edge: Edge): Router {
  const router = Router();
  router.get('/apps/:app/errors', need('read'), async (request, response) => {
    const found = await countCodes(edge.platform, edge.app(request));
    sendList(request, response, found, { code: (one) => one.code }, shape);
  });
  return router;
}

function shape(one: CodeCount) {
  return {
    code: one.code,
    name: codes[one.code],
    count: one.count,
    first_at: isoTime(one.firstAt),
    last_at: isoTime(one.lastAt),
    last_dyno: one.lastProcess,
  };
}

function isoTime(micros: number): string {
  return new Date(Math.floor(micros / 1000)).toISOString();
}
