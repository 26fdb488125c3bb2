// The audit log, newest first: all of it for administrators, else one's own changes and those of one's apps. Ours.
import { type Request, Router } from 'express';
import { visibleApps } from '../../actions/access.ts';
import { effectiveScope } from '../../domain/access.ts';
import type { AuditFilter } from '../../domain/audit.ts';
import { notFound, PlatformError } from '../../domain/errors.ts';
import { nowMicros } from '../../domain/log-line.ts';
import { readLogQuery } from '../../domain/log-query.ts';
import { callerOf } from '../auth.ts';
import type { Edge } from '../edge.ts';
import { need } from '../need.ts';
import { parseRange } from '../ranges.ts';
import { auditEvent } from '../serializers/team.ts';

export function auditRoutes(edge: Edge): Router {
  const router = Router();
  const { platform } = edge;
  router.get('/audit-events', need('read'), (request, response) => {
    // Always newest first: only where to go on is taken from the range.
    const { max, from, field } = parseRange(request.headers.range, ['number']);
    const before = field === 'number' && from !== null && /^\d{1,15}$/.test(from) ? Number(from) : null;
    const found = platform.store.audit.list(filterOf(edge, request), { before, max: max + 1 });
    const page = found.slice(0, max);
    response.setHeader('Accept-Ranges', 'number');
    const last = page.at(-1);
    if (last && found.length > max) {
      response.setHeader('Next-Range', `number ]${last.number}..; max=${max}, order=desc`);
      response.status(206);
    }
    response.json(page.map(auditEvent));
  });
  return router;
}

/** @throws PlatformError `not_found` for an app that the caller does not see, `invalid_params` */
function filterOf({ platform }: Edge, request: Request): AuditFilter {
  const caller = callerOf(request);
  const [app, user, since] = ['app', 'user', 'since'].map((name) => word(request, name));
  const all = effectiveScope(caller.token.scope, caller.user) === 'admin';
  const appIds = all ? [] : visibleApps(platform, caller.user).map(({ id }) => id);
  const micros = since === undefined ? undefined : readLogQuery({ since }, nowMicros()).since;
  return {
    ...(app === undefined ? {} : { appId: appOf(platform, app, all ? null : appIds) }),
    ...(user === undefined ? {} : { user: user === '~' ? caller.user.id : user.toLowerCase() }),
    ...(micros === undefined ? {} : { since: new Date(micros / 1000).toISOString() }),
    ...(all ? {} : { visibleTo: { userId: caller.user.id, appIds } }),
  };
}

/** Administrators may ask for an app that was destroyed, by its id. */
function appOf({ store }: Edge['platform'], which: string, visible: readonly string[] | null): string {
  const app = store.apps.byName(which) ?? store.apps.byId(which);
  if (app && (visible === null || visible.includes(app.id))) return app.id;
  if (!app && visible === null && /^[0-9a-f-]{36}$/.test(which)) return which;
  throw notFound(
    'app',
    `There is no app "${which.slice(0, 60)}" that you have access to. "twelve apps" lists yours.`,
  );
}

function word(request: Request, name: string): string | undefined {
  const value = request.query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new PlatformError('invalid_params', `"${name}" is given once.`);
}
