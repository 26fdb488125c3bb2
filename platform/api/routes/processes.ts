// Formation and dynos (running processes).
import { type Response, Router } from 'express';
import { z } from 'zod';
import { formationOf, restart, type ScaleUpdate, scale, stop } from '../../actions/formation.ts';
import { findProcess, listProcesses } from '../../actions/processes.ts';
import { runOneOff } from '../../actions/run.ts';
import type { App } from '../../domain/app.ts';
import { notFound, PlatformError } from '../../domain/errors.ts';
import type { ProcessChange } from '../../domain/process-change.ts';
import { callerOf } from '../auth.ts';
import { callerTerminal, terminalFields } from '../caller-terminal.ts';
import type { Edge } from '../edge.ts';
import { bodyOf, parameter } from '../input.ts';
import { answered, type Detail, need } from '../need.ts';
import { sendList } from '../ranges.ts';
import { newRunSecret } from '../run-sessions.ts';
import * as shape from '../serializers/resources.ts';
import { waitAsAsked } from '../waiting.ts';

const size = z.union([z.string(), z.object({ name: z.string() }).transform((value) => value.name)]);
const change = {
  quantity: z.union([z.number(), z.string()], 'A quantity is a whole number').optional(),
  size: size.optional(),
  dyno_size: size.optional(),
};
const oneChange = z.object(change);
const batch = z.object({ updates: z.array(z.object({ type: z.string(), ...change })) });
const runBody = z.object({
  command: z.string(),
  attach: z.boolean().optional(),
  size: z.string().optional(),
  ...terminalFields,
});
const targetOf: Detail = (request) => parameter(request, 'dyno') || 'all';
/** Not what it runs: a command may hold a secret. */
const nameOf = answered('name');
const scaled: Detail = (request) => {
  const type = parameter(request, 'type');
  const one = oneChange.safeParse(request.body).data ?? {};
  const updates = type ? [{ type, ...one }] : (batch.safeParse(request.body).data?.updates ?? []);
  return updates
    .map(({ type: which, quantity, size: wanted, dyno_size }) =>
      [`${which}=${quantity ?? ''}`, wanted ?? dyno_size ?? []].flat().join(':'),
    )
    .join(' ');
};

export function processRoutes(edge: Edge): Router {
  const router = Router();
  formationRoutes(router, edge);
  dynoRoutes(router, edge);
  changeRoutes(router, edge);
  return router;
}

function formationRoutes(router: Router, edge: Edge): void {
  const { platform } = edge;
  const list = (app: App) => formationOf(platform, app);
  router.get('/apps/:app/formation', need('read'), (request, response) => {
    const app = edge.app(request);
    const fields = { type: (one: { type: string }) => one.type, id: (one: { id: string }) => one.id };
    sendList(request, response, list(app), fields, (one) => shape.formation(platform, app, one));
  });
  router.get('/apps/:app/formation/:type', need('read'), (request, response) => {
    const app = edge.app(request);
    const type = parameter(request, 'type');
    const found = list(app).find((one) => one.type === type || one.id === type);
    if (!found) throw notFound('formation', `${app.name} has no process type "${type.slice(0, 60)}".`);
    response.json(shape.formation(platform, app, found));
  });
  router.patch(
    '/apps/:app/formation',
    edge.change('write', 'ps:scale', scaled),
    async (request, response) => {
      const app = edge.app(request);
      const updates = bodyOf(request, batch).updates.map(
        ({ type, ...rest }): ScaleUpdate => ({ type, ...asUpdate(rest) }),
      );
      const changed = await scale(platform, app, callerOf(request), updates, named(response));
      response.json(changed.map((one) => shape.formation(platform, app, one)));
    },
  );
  router.patch(
    '/apps/:app/formation/:type',
    edge.change('write', 'ps:scale', scaled),
    async (request, response) => {
      const app = edge.app(request);
      const update = { type: parameter(request, 'type'), ...asUpdate(bodyOf(request, oneChange)) };
      const [changed] = await scale(platform, app, callerOf(request), [update], named(response));
      response.json(shape.formation(platform, app, changed!));
    },
  );
}

/** The answer comes before the end: where that is told is in a header of it. */
function named(response: Response): (change: ProcessChange) => void {
  return (change) => void response.setHeader('Twelve-Change', change.id);
}

function dynoRoutes(router: Router, edge: Edge): void {
  const { platform } = edge;
  router.get('/apps/:app/dynos', need('read'), async (request, response) => {
    const app = edge.app(request);
    const fields = { name: (one: { name: string }) => one.name, id: (one: { id: string }) => one.id };
    const found = await listProcesses(platform, app);
    const usages = await Promise.all(found.map(({ id }) => platform.figures.of(id)));
    const usageOf = new Map(found.map(({ id }, index) => [id, usages[index] ?? null]));
    sendList(request, response, found, fields, (one) =>
      shape.dyno(app, one, { usage: usageOf.get(one.id) ?? null }),
    );
  });
  router.get('/apps/:app/dynos/:dyno', need('read'), async (request, response) => {
    const app = edge.app(request);
    const found = await findProcess(platform, app, parameter(request, 'dyno'));
    response.json(shape.dyno(app, found, { usage: await platform.figures.of(found.id) }));
  });
  router.post('/apps/:app/dynos', edge.change('write', 'run', nameOf), async (request, response) => {
    const app = edge.app(request);
    const body = bodyOf(request, runBody);
    const attach = body.attach ?? false;
    if (attach && request.headers['twelve-attach'] !== 'websocket') {
      throw new PlatformError(
        'invalid_params',
        'This client cannot attach to a process here yet. Use "twelve run", or run detached and read the log.',
      );
    }
    const kept = attach && request.headers['twelve-reattach'] === 'true' ? newRunSecret() : undefined;
    const started = await runOneOff(platform, app, {
      command: body.command,
      size: body.size,
      attach,
      session: kept?.session,
      ...callerTerminal(body, attach),
    });
    if (kept) {
      const attachUrl = edge.runSessionUrl(request, app, kept.secret);
      const reattachSeconds = platform.config.reattachMs / 1000;
      response.status(201).json(shape.dyno(app, started, { attachUrl, reattachSeconds }));
      return;
    }
    const { oneOffs } = platform;
    const url = attach
      ? edge.attachUrl(request, app, {
          open: () => oneOffs.open(started.id),
          discard: () => oneOffs.discard(started.id),
        })
      : null;
    response.status(201).json(shape.dyno(app, started, { attachUrl: url }));
  });
  router.delete(
    ['/apps/:app/dynos', '/apps/:app/dynos/:dyno', '/apps/:app/formations/:dyno'],
    edge.change('write', 'ps:restart', targetOf),
    async (request, response) => {
      const target = parameter(request, 'dyno') || undefined;
      const change = await restart(platform, edge.app(request), callerOf(request), target);
      if (change) named(response)(change);
      response.status(202).json({});
    },
  );
  router.post(
    ['/apps/:app/dynos/:dyno/actions/stop', '/apps/:app/formations/:dyno/actions/stop'],
    edge.change('write', 'ps:stop', targetOf),
    async (request, response) => {
      const change = await stop(platform, edge.app(request), callerOf(request), parameter(request, 'dyno'));
      if (change) named(response)(change);
      response.status(202).json({});
    },
  );
}

/** Ours: what became of a scale, a resize or a restart. */
function changeRoutes(router: Router, edge: Edge): void {
  const { store, processes } = edge.platform;
  router.get('/apps/:app/process-changes', need('read'), (request, response) => {
    const fields = {
      created_at: (one: ProcessChange) => one.createdAt,
      id: (one: ProcessChange) => one.id,
    };
    const list = store.processChanges.ofApp(edge.app(request).id);
    sendList(request, response, list, fields, shape.processChange);
  });
  router.get('/apps/:app/process-changes/:change', need('read'), async (request, response) => {
    const app = edge.app(request);
    const id = parameter(request, 'change');
    const find = (): ProcessChange => {
      const change = store.processChanges.byId(id);
      if (change?.appId === app.id) return change;
      throw notFound(
        'process change',
        `${app.name} has no such change. The last ones are kept; "twelve ps" lists what runs.`,
      );
    };
    find();
    await waitAsAsked(request, response, (signal) => processes.changes.settled(id, signal));
    response.json(shape.processChange(find()));
  });
}

function asUpdate(body: {
  quantity?: number | string | undefined;
  size?: string | undefined;
  dyno_size?: string | undefined;
}): Omit<ScaleUpdate, 'type'> {
  return { quantity: body.quantity, size: body.size ?? body.dyno_size };
}

/** `heroku` is a synonym of our own source; `dyno` may be `web.1` or `web`. */
