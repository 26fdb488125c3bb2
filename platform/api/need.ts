// What a route takes: every route states it, is asked by it, and is written into the audit log under the name of its change.
import type { Request, RequestHandler, Response, Router } from 'express';
import { findApp, requireRole, requireScope } from '../actions/access.ts';
import type { Known, Platform } from '../actions/context.ts';
import { entryOf } from '../actions/refusals.ts';
import type { Need } from '../domain/access.ts';
import type { App } from '../domain/app.ts';
import { auditText } from '../domain/audit.ts';
import { messageOf } from '../domain/errors.ts';
import { aroundAnswer } from './answering.ts';
import { callerOf } from './auth.ts';

/** What exactly was changed, from the request and the answer: names, never the values of config vars. */
export type Detail = (request: Request, answer: Record<string, unknown>) => string | undefined;

/** What the answer has under this name, where that is text. */
export function answered(name: string): Detail {
  return (_request, { [name]: text }) => (typeof text === 'string' ? text : undefined);
}

type Needs = Pick<Platform, 'store' | 'log' | 'admission'>;

interface Stated {
  need: Need;
  /** Of a change, in the words of the command line. */
  action: string | null;
}

const stated = new WeakMap<RequestHandler, Stated>();
const asked = new WeakMap<Request, Need>();
const meant = new WeakMap<Request, App>();

/** First handler of a route that changes nothing. */
export function need(what: Need): RequestHandler {
  const handler: RequestHandler = (request, _response, next) => {
    asked.set(request, what);
    if (what !== 'open') requireScope(what, callerOf(request));
    next();
  };
  stated.set(handler, { need: what, action: null });
  return handler;
}

/** First handler of a route that changes something. */
export function change(
  platform: Needs,
  what: Need,
  action: string,
  detail: Detail = () => undefined,
): RequestHandler {
  const handler: RequestHandler = (request, response, next) => {
    const caller = callerOf(request);
    const { app } = request.params;
    aroundAnswer(response, (send, json) => {
      audit(platform, { request, response, caller, app, action, detail, answer: json?.body });
      return send();
    });
    asked.set(request, what);
    requireScope(what, caller);
    next();
  };
  stated.set(handler, { need: what, action });
  return handler;
}

/** The app that a request is about. @throws PlatformError `forbidden` when the route's need is more than they may there */
export function about(platform: Pick<Platform, 'store'>, request: Request, app: App): App {
  meant.set(request, app);
  requireRole(platform, asked.get(request)!, callerOf(request).user, app);
  return app;
}

/** What the route of this request takes. */
export function needOf(request: Request): Need {
  return asked.get(request)!;
}

interface Answered {
  request: Request;
  response: Response;
  caller: Known;
  /** As the path has it. */
  app: string | string[] | undefined;
  action: string;
  detail: Detail;
  answer: unknown;
}

/** Written before the answer is sent. What was refused for its form alone has changed nothing, and is not. */
function audit({ store, log, admission }: Needs, answered: Answered): void {
  const { request, response, caller, action, detail, answer } = answered;
  const { statusCode } = response;
  const outcome =
    statusCode < 400 ? 'done' : statusCode === 403 ? 'refused' : statusCode >= 500 ? 'failed' : null;
  if (outcome === null) return;
  const app = meant.get(request) ?? seenApp(store, caller, answered.app);
  try {
    const body = outcome === 'done' && typeof answer === 'object' && answer !== null ? answer : {};
    const text = detail(request, body as Record<string, unknown>);
    const requestId = String(response.getHeader('Request-Id'));
    const entry = entryOf({ ...caller, requestId }, action, app, text ? auditText(text) : null);
    if (outcome === 'refused') admission.refused(entry);
    else store.audit.add({ ...entry, outcome });
  } catch (error) {
    // It is done, and its answer must not say otherwise.
    log.error({ error: messageOf(error), action, app: app?.name }, 'the audit log could not be written');
  }
}

/** What was refused before its app was looked at is about that app all the same, where they see it. */
function seenApp(store: Needs['store'], { user }: Known, name: Answered['app']): App | undefined {
  if (typeof name !== 'string') return undefined;
  try {
    return findApp({ store }, user, name);
  } catch {
    return undefined;
  }
}

export interface RouteStatement {
  method: string;
  path: string;
  need: Need | null;
  action: string | null;
}

interface Layer {
  handle: RequestHandler;
  method?: string;
}

/** All routes of a router, with what each states first. */
function routesOf(router: Router): RouteStatement[] {
  return router.stack.flatMap(({ route }) => {
    if (!route) return [];
    const layers = route.stack as unknown as Layer[];
    const methods = [...new Set(layers.map(({ method }) => method ?? 'all'))];
    const paths = [route.path as unknown as string | string[]].flat();
    return methods.flatMap((method) => {
      const first = layers.find((layer) => layer.method === method)!;
      const { need: needed = null, action = null } = stated.get(first.handle) ?? {};
      return paths.map((path) => ({ method: method.toUpperCase(), path, need: needed, action }));
    });
  });
}

/** @throws Error naming the routes that would be open to every token */
export function requireStated(routers: readonly Router[]): RouteStatement[] {
  const routes = routers.flatMap(routesOf);
  const open = routes.filter((route) => route.need === null);
  if (open.length > 0)
    throw new Error(
      `these routes do not state what they take: ${open.map(({ method, path }) => `${method} ${path}`).join(', ')}`,
    );
  return routes;
}
