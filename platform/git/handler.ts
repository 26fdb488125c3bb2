// A git client's request from its path to its answer: who is it, which app, which of git's programs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf, PlatformError } from '../domain/errors.ts';
import { tokenOf } from '../domain/token.ts';
import { type Exchange, openExchange, refuse } from './exchange.ts';
import type { GitNeeds } from './git.ts';
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
  const token = tokenOf(exchange.request.headers.authorization);
  const user = token === null ? null : await needs.authenticate(token);
  if (!user) {
    refuse(exchange, 401, unauthorized(token), {
      'www-authenticate': 'Basic realm="Twelve", charset="UTF-8"',
    });
    return;
  }
  const app = await needs.findApp(route.app, user);
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

function unauthorized(token: string | null): string {
  return token === null
    ? 'A token is needed: give it as the password, with any user name. twelve login stores it for git.'
    : 'This token is not valid here. Log in again with: twelve login';
}

interface Session {
  exchange: Exchange;
  app: { id: string; name: string };
  user: { id: string; email: string };
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

/** PlatformErrors are for the user; anything else is ours to look into, unless nobody is left to be told. */
function fail(needs: HandlerNeeds, exchange: Exchange, error: unknown): void {
  if (exchange.lost.aborted && !exchange.response.writable) {
    if (!(error instanceof PlatformError)) needs.onProblem(`git request failed: ${messageOf(error)}`);
    return;
  }
  if (error instanceof PlatformError) {
    refuse(exchange, error.code === 'service_unavailable' ? 503 : 400, error.message);
    return;
  }
  needs.onProblem(
    `git request failed: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
  );
  refuse(exchange, 500, "The platform failed while it answered git. The server's log says why.");
}
