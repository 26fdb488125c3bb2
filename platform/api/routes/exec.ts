// Commands inside running processes.
import { Router } from 'express';
import { z } from 'zod';
import { enterProcess } from '../../actions/enter.ts';
import { PlatformError } from '../../domain/errors.ts';
import { callerOf } from '../auth.ts';
import { callerTerminal, terminalFields } from '../caller-terminal.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import type { Detail } from '../need.ts';
import * as shape from '../serializers/resources.ts';

const body = z.object({ command: z.string().optional(), attach: z.boolean().optional(), ...terminalFields });

/** Not what was run: a command may hold a secret. */
const whereOf: Detail = (request) => parameter(request, 'dyno');

export function execRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.post(
    '/apps/:app/dynos/:dyno',
    edge.change('write', 'ps:exec', whereOf),
    async (request, response) => {
      const app = edge.app(request);
      const given = bodyOf(request, body);
      if (given.attach !== true || request.headers['twelve-attach'] !== 'websocket') {
        throw new PlatformError(
          'invalid_params',
          'A command in a running process is attached to ("attach": true) over a WebSocket (the header Twelve-Attach: websocket). "twelve ps:exec" does that.',
        );
      }
      const order = { command: given.command, ...callerTerminal(given, true) };
      const name = parameter(request, 'dyno');
      const { process, open } = await enterProcess(platform, app, callerOf(request), name, order);
      response
        .status(201)
        .json(shape.dyno(app, process, { attachUrl: edge.attachUrl(request, app, { open }) }));
    },
  );
  return router;
}
