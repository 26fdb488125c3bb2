// What every route is given: the platform, links, and the app in the path.
import type { Request } from 'express';
import { findApp } from '../actions/apps.ts';
import type { Platform } from '../actions/context.ts';
import type { App } from '../domain/app.ts';
import type { Attachments, Offer } from './attach.ts';
import { parameter } from './input.ts';
import type { LogSessions } from './log-sessions.ts';
import { linkBase } from './wire.ts';

export interface Edge {
  platform: Platform;
  logSessions: LogSessions;
  /** Base of links, as this client reaches us. */
  base(request: Request): string;
  /** Where a client attaches to this, once, within a minute. */
  attachUrl(request: Request, offer: Offer): string;
  /** Where a client attaches to a one-off process, as often as it has to. */
  runSessionUrl(request: Request, secret: string): string;
  /** The app named in the path. @throws PlatformError `not_found` */
  app(request: Request): App;
}

/** @param address where the API really listens (port 0 is settled by then) */
export function createEdge(
  platform: Platform,
  attachments: Attachments,
  logSessions: LogSessions,
  address: () => { host: string; port: number },
): Edge {
  const { publicUrl, domain, apiTls } = platform.config;
  const base: Edge['base'] = (request) =>
    linkBase(request, {
      publicUrl,
      domain,
      apiHost: address().host,
      apiPort: address().port,
      tlsHost: apiTls?.host ?? null,
    });
  const webSocket = (request: Request): string => base(request).replace(/^http/, 'ws');
  return {
    platform,
    logSessions,
    base,
    attachUrl: (request, offer) => `${webSocket(request)}/attach/${attachments.offer(offer)}`,
    runSessionUrl: (request, secret) => `${webSocket(request)}/run-sessions/${secret}`,
    app: (request) => findApp(platform, parameter(request, 'app')),
  };
}
