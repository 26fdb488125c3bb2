// What every route is given: the platform, links, and the app in the path.
import type { Request, RequestHandler } from 'express';
import { findApp, stillMay } from '../actions/access.ts';
import type { Platform } from '../actions/context.ts';
import type { Need } from '../domain/access.ts';
import type { App } from '../domain/app.ts';
import type { Attachments, Offer } from './attach.ts';
import { callerOf } from './auth.ts';
import { parameter } from './input.ts';
import type { LogSessions } from './log-sessions.ts';
import { about, change, type Detail, needOf } from './need.ts';
import { linkBase } from './wire.ts';

export interface Edge {
  platform: Platform;
  logSessions: LogSessions;
  /** Base of links, as this client reaches us. */
  base(request: Request): string;
  /** Where a client attaches to this, once, within a minute. */
  attachUrl(request: Request, app: App, offer: Offer): string;
  /** Where a client attaches to a one-off process, as often as it has to, each time with its token. */
  runSessionUrl(request: Request, app: App, secret: string): string;
  /** The app named in the path. @throws PlatformError `not_found`, `forbidden` when they may not do this there */
  app(request: Request): App;
  /** What a route that changes something states first. */
  change(need: Need, action: string, detail?: Detail): RequestHandler;
  /** Whether who asks may go on: for what outlives the request. app null: it is about the server. */
  stillMay(request: Request, app: App | null): () => boolean;
}

interface Sessions {
  attachments: Attachments;
  logSessions: LogSessions;
}

/** @param address where the API really listens (port 0 is settled by then) */
export function createEdge(
  platform: Platform,
  { attachments, logSessions }: Sessions,
  address: () => { host: string; port: number },
): Edge {
  const base: Edge['base'] = (request) => linkBase(request, { ...platform.config, api: address() });
  const webSocket = (request: Request): string => base(request).replace(/^http/, 'ws');
  const stands: Edge['stillMay'] = (request, app) => {
    const [need, caller] = [needOf(request), callerOf(request)];
    return () => stillMay(platform, need, caller, app?.id ?? null);
  };
  return {
    platform,
    logSessions,
    base,
    attachUrl: (request, app, offer) => {
      const secret = attachments.offer({ ...offer, stands: stands(request, app) });
      return `${webSocket(request)}/attach/${secret}`;
    },
    runSessionUrl: (request, app, secret) => `${webSocket(request)}/run-sessions/${app.id}/${secret}`,
    app: (request) =>
      about(platform, request, findApp(platform, callerOf(request).user, parameter(request, 'app'))),
    change: (...stated) => change(platform, ...stated),
    stillMay: stands,
  };
}
