// A git client's request from its path to its answer: who is it, which app, which of git's programs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, messageOf, PlatformError } from '../domain/errors.ts';
import { tokenOf } from '../domain/token.ts';
import { type Exchange, openExchange, refuse } from './exchange.ts';
import type { GitNeeds, Pusher } from './git.ts';
import type { Maintenance } from './maintenance.ts';
import type { Programs } from './programs.ts';
import { receivePush } from './receive.ts';
import type { Repositories } from './repository.ts';
import { type Route, routeOf } from './route.ts';
import { advertiseRefs, uploadPack } from './upload.ts';
import type { Job, Work } from './work.ts';

interface HandlerNeeds extends GitNeeds {
  programs: Programs;
  repositories: Repositories;
  maintenance: Maintenance;
  work: Work;
  hooks: string;
  idleMs: number;
}

type GitRoute = Extract<Route, { app: string }>;

export function createHandler(
  needs: HandlerNeeds,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const route = routeOf(request);
    if (route.kind === 'other') return false;
    const exchange = openExchange(request, response, needs.idleMs);
    try {
      if (route.kind === 'refused') refuse(exchange, route.status, route.message);
      else await serve(needs, route, exchange);
    } catch (error) {
      fail(needs, exchange, error);
    }
    return true;
  };
}

async function serve(needs: HandlerNeeds, route: GitRoute, exchange: Exchange): Promise<void> {
  const { headers, socket } = exchange.request;
  const token = tokenOf(headers.authorization);
  const requestId = exchange.response.getHeader('Request-Id');
  const from = { address: socket.remoteAddress ?? null, requestId: requestId ? String(requestId) : null };
  const user = token === null ? null : await needs.authenticate(token, from);
  if (!user) {
    refuse(exchange, 401, unauthorized(token), challenge);
    return;
  }
  const app = await needs.findApp(route.app, user, route.service);
  if (!app) {
    const name = route.app.slice(0, 60);
    refuse(
      exchange,
      404,
      `There is no app "${name}", or you have no access to it. List yours with: twelve apps. Make it with: twelve apps:create ${name}`,
    );
    return;
  }
  await needs.work.run(app.id, (job) => converse(needs, route, { exchange, app, user, job }));
}

const challenge = { 'www-authenticate': 'Basic realm="Twelve", charset="UTF-8"' };

function unauthorized(token: string | null): string {
  return token === null
    ? 'A token is needed: give it as the password, with any user name. twelve login stores it for git.'
    : 'This token is not valid here. Log in again with: twelve login';
}

interface Session {
  exchange: Exchange;
  app: { id: string; name: string };
  user: Pusher;
  job: Job;
}

async function converse(needs: HandlerNeeds, route: GitRoute, session: Session): Promise<void> {
  const { exchange, app, user, job } = session;
  const repository = await needs.repositories.ensure(app.id);
  const { protocol } = route;
  // Said to the first request of a push: git shows what it is refused with, and has packed nothing yet.
  if (route.service === 'receive-pack') await needs.requireSpace?.();
  if (route.kind === 'advertise') {
    await advertiseRefs(needs.programs, route.service, { exchange, repository, protocol });
  } else if (route.service === 'upload-pack') {
    await uploadPack(needs.programs, { exchange, repository, protocol, gzip: route.gzip, job });
  } else {
    await receivePush(needs, { exchange, app, user, repository, protocol, gzip: route.gzip, job });
    needs.maintenance.after(repository);
  }
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  unauthorized: 401,
  forbidden: 403,
  rate_limit: 429,
  service_unavailable: 503,
};

/** PlatformErrors are for the user; anything else is ours to look into, unless nobody is left to be told. */
function fail(needs: HandlerNeeds, exchange: Exchange, error: unknown): void {
  if (exchange.lost.aborted && !exchange.response.writable) {
    if (!(error instanceof PlatformError)) needs.onProblem(`git request failed: ${messageOf(error)}`);
    return;
  }
  if (error instanceof PlatformError) {
    const { retryAfter } = error.details;
    refuse(exchange, statusOf[error.code] ?? 400, error.message, {
      ...(error.code === 'unauthorized' ? challenge : {}),
      ...(typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {}),
    });
    return;
  }
  needs.onProblem(
    `git request failed: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
  );
  refuse(exchange, 500, "The platform failed while it answered git. The server's log says why.");
}
