// What the platform keeps on disks, by kind, and its collection. Ours: Heroku's customers see no disks.
import { type Response, Router } from 'express';
import { z } from 'zod';
import { tidyDisk } from '../../actions/disk.ts';
import { messageOf } from '../../domain/errors.ts';
import { writeAhead } from '../answering.ts';
import type { Edge } from '../edge.ts';
import { bodyOf } from '../input.ts';
import type { Detail } from '../need.ts';

const gcBody = z.object({ dry_run: z.boolean().optional() });
/** Well below the time after which clients give up on a silent server. */
const signOfLifeMs = 20_000;

const dryOrNot: Detail = ({ body }) => (gcBody.safeParse(body).data?.dry_run ? 'dry run' : undefined);

export function diskRoutes({ platform, change }: Edge): Router {
  const router = Router();
  router.post('/server/gc', change('admin', 'server:gc', dryOrNot), async (request, response) => {
    const { dry_run: dry = false } = bodyOf(request, gcBody);
    // A client that left is written to in vain.
    response.on('error', () => undefined);
    const life = signsOfLife(response);
    try {
      const kinds = await tidyDisk(platform, dry);
      clearInterval(life);
      // As JSON where it still can be, which is remembered for who repeats the request.
      if (response.headersSent) response.end(JSON.stringify(kinds));
      else response.json(kinds);
    } catch (error) {
      clearInterval(life);
      if (!response.headersSent) throw error;
      platform.log.error({ error: messageOf(error) }, 'a collection of garbage failed');
      // Too late for anything else: there is no JSON. For the audit log it has failed.
      response.status(500).end();
    }
  });
  return router;
}

/** Blanks before JSON mean nothing, and are no answer yet, which is written into the audit log when it is given. */
function signsOfLife(response: Response): NodeJS.Timeout {
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  return setInterval(() => writeAhead(response, ' '), signOfLifeMs);
}
