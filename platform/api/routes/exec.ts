// Commands inside running processes: an endpoint of our own, Heroku has none.
import { Router } from 'express';
import { z } from 'zod';
import { enterProcess } from '../../actions/enter.ts';
import { PlatformError } from '../../domain/errors.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import * as shape from '../serializers/resources.ts';

const whole = z.number().int().min(1).max(9999);
const body = z.object({
  command: z.string().optional(),
  force_no_tty: z.boolean().nullish(),
  columns: whole.optional(),
  rows: whole.optional(),
  term: z
    .string()
    .regex(/^[\w.+-]{1,64}$/, 'term is the name of a kind of terminal, such as xterm-256color')
    .optional(),
});

export function execRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.post('/apps/:app/dynos/:dyno/actions/exec', async (request, response) => {
    const app = edge.app(request);
    const given = bodyOf(request, body);
    if (request.headers['twelve-attach'] !== 'websocket') {
      throw new PlatformError(
        'invalid_params',
        'A command in a running process is attached to over a WebSocket: send the header Twelve-Attach: websocket, or use "twelve ps:exec".',
      );
    }
    const { columns, rows, term } = given;
    const tty = given.force_no_tty !== true;
    const { process, open } = await enterProcess(
      platform,
      app,
      callerOf(request),
      parameter(request, 'dyno'),
      {
        command: given.command,
        tty,
        window: tty && columns && rows ? { columns, rows } : null,
        env: tty && term ? { TERM: term } : {},
      },
    );
    response.status(201).json(shape.dyno(app, process, edge.attachUrl(request, { open })));
  });
  return router;
}
