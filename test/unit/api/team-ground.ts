// The API of a platform whose stations do nothing, with a team: an administrator, who owns what, who works on it, and a stranger.
import { createAdmission } from '../../../platform/actions/admission.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import type { RouteStatement } from '../../../platform/api/need.ts';
import { createApi } from '../../../platform/api/server.ts';
import type { Scope } from '../../../platform/domain/access.ts';
import type { App } from '../../../platform/domain/app.ts';
import type { AuditEntry } from '../../../platform/domain/audit.ts';
import type { User } from '../../../platform/domain/user.ts';
import type { Store } from '../../../platform/store/store.ts';
import { createGround } from '../actions/ground.ts';

export type Name = 'root' | 'ada' | 'bob' | 'eve';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

export interface TeamGround extends AsyncDisposable {
  url: string;
  port: number;
  /** Where the store is. */
  folder: string;
  platform: Platform;
  store: Store;
  routes: readonly RouteStatement[];
  /** Of ada, who lets bob work on it. */
  app: App;
  users: Record<Name, User>;
  /** Apps whose one-offs somebody came for, as the engine would have been asked. */
  lookedFor: string[];
  /** A token of theirs: the widest, or of a scope. */
  token(name: Name, scope?: Scope): string;
  ask<T = Record<string, unknown>>(
    token: string | null,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>;
  /** Newest first. */
  audit(): AuditEntry[];
}

/** Of a server that orders certificates, for names of apps too. */
export const ordering = {
  acme: { directory: 'https://ca.test/dir', email: 'a@b.test', caFile: null },
  https: { host: '127.0.0.1', port: 443 },
  domain: 'apps.test',
};

/** @param clock milliseconds, for the slowing down of wrong tokens */
export async function startTeam(clock?: () => number, config: object = {}): Promise<TeamGround> {
  const lookedFor: string[] = [];
  const ground = createGround({
    git: { handle: async () => false } as unknown as Platform['git'],
    router: { stateOf: () => 'none' } as unknown as Platform['router'],
    logs: { write: () => undefined } as unknown as Platform['logs'],
    oneOffs: {
      kept: {
        async open(app: string) {
          lookedFor.push(app);
          throw new Error('no process runs here');
        },
      },
    } as unknown as Platform['oneOffs'],
  });
  const { platform, store, app } = ground;
  Object.assign(platform.config, {
    ...{
      api: { host: '127.0.0.1', port: 0 },
      publicUrl: null,
      apiTls: null,
      apiNames: [],
      sizes: [],
      ...config,
    },
  });
  platform.admission = createAdmission(store, clock);
  const users: Record<Name, User> = {
    root: store.users.create('root@example.com', { admin: true }),
    ada: store.users.byId(app.ownerId)!,
    bob: store.users.create('bob@example.com'),
    eve: store.users.create('eve@example.com'),
  };
  store.collaborators.add(app.id, users.bob.id);
  const api = createApi(platform);
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  api.answer();
  const url = `http://127.0.0.1:${port}`;
  return {
    ...{ url, port, folder: ground.folder, platform, store, routes: api.routes, app, users, lookedFor },
    token: (name, scope = name === 'root' ? 'admin' : 'write') =>
      store.tokens.create(users[name].id, { description: `${name}'s`, scope }).text,
    async ask<T>(token: string | null, method: string, path: string, body?: unknown, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json');
      return {
        status: response.status,
        headers: response.headers,
        body: (isJson ? JSON.parse(text) : text) as T,
      };
    },
    audit: () => store.audit.list({}, { before: null, max: 1000 }),
    async [Symbol.asyncDispose]() {
      await api.close();
      ground[Symbol.dispose]();
    },
  };
}
