// A route of the HTTP server as tests ask it; and the addresses that the router does not know: git's and WebSockets'.

export interface Route {
  method: string;
  path: string;
}

/** Handled before the router is asked. */
export const otherRoutes: readonly Route[] = [
  { method: 'GET', path: '/:app.git/info/refs?service=git-upload-pack' },
  { method: 'GET', path: '/:app.git/info/refs?service=git-receive-pack' },
  { method: 'POST', path: '/:app.git/git-upload-pack' },
  { method: 'POST', path: '/:app.git/git-receive-pack' },
  { method: 'GET', path: '/attach/:secret' },
  { method: 'GET', path: '/run-sessions/:app/:secret' },
];
