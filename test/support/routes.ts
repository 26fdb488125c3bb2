// Every route of the HTTP server, read from the router itself; and the addresses that are not in it: git's and WebSockets'.
import type { Express } from 'express';

export interface Route {
  method: string;
  path: string;
}

interface Layer {
  route?: { path: string | string[]; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

export function routesOf(application: Express): Route[] {
  const within = (stack: readonly Layer[]): Route[] =>
    stack.flatMap(({ route, handle }) => {
      if (!route) return within(handle.stack ?? []);
      const methods = Object.keys(route.methods).map((method) => method.toUpperCase());
      return [route.path].flat().flatMap((path) => methods.map((method) => ({ method, path })));
    });
  return within((application as unknown as { router: { stack: Layer[] } }).router.stack);
}

/** Handled before the router is asked. */
export const otherRoutes: readonly Route[] = [
  { method: 'GET', path: '/:app.git/info/refs?service=git-upload-pack' },
  { method: 'GET', path: '/:app.git/info/refs?service=git-receive-pack' },
  { method: 'POST', path: '/:app.git/git-upload-pack' },
  { method: 'POST', path: '/:app.git/git-receive-pack' },
  { method: 'GET', path: '/attach/:secret' },
  { method: 'GET', path: '/run-sessions/:secret' },
];
