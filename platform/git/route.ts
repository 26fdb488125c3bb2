// Which request is git's, and what it asks for: pure, from method, URL and headers.
import type { IncomingMessage } from 'node:http';

export type Service = 'receive-pack' | 'upload-pack';

export type Route =
  /** Not a path of ours. */
  | { kind: 'other' }
  /** A refusal that needs no repository. */
  | { kind: 'refused'; status: number; message: string }
  /** The first request of a clone, fetch or push: which refs are there? */
  | { kind: 'advertise'; app: string; service: Service; protocol: string | null }
  /** The second: objects, in one direction or the other. */
  | { kind: 'serve'; app: string; service: Service; protocol: string | null; gzip: boolean };

const repositoryPath = /^\/([^/]+)\.git(\/.*)?$/;
const withoutSuffix = /^\/([^/]+)\/(info\/refs|git-upload-pack|git-receive-pack)$/;
const services: Readonly<Record<string, Service>> = {
  'git-receive-pack': 'receive-pack',
  'git-upload-pack': 'upload-pack',
};

export function routeOf(request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): Route {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const asked = new URLSearchParams(query).get('service');
  const match = repositoryPath.exec(path);
  if (!match) return misspelt(path, asked);
  const app = match[1]!;
  const rest = match[2] ?? '/';
  const protocol = protocolOf(request);
  if (rest === '/info/refs') {
    if (asked === null || !Object.hasOwn(services, asked)) return refused(403, dumb);
    if (request.method !== 'GET') return refused(405, `${rest} is read with GET.`);
    return { kind: 'advertise', app, service: services[asked]!, protocol };
  }
  const name = rest.slice(1);
  if (Object.hasOwn(services, name)) return serveRoute(request, name, app, protocol);
  if (rest === '/')
    return refused(404, `This is the git repository of ${app}. Read it with: git clone <this URL>`);
  return refused(403, dumb);
}

const dumb =
  "This server speaks git's smart HTTP protocol only, which git knows since version 1.6.6. Update your git client.";

function serveRoute(
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  name: string,
  app: string,
  protocol: string | null,
): Route {
  if (request.method !== 'POST') return refused(405, `/${name} is called with POST, by git itself.`);
  // Also keeps browsers out: a form or script of another site cannot send this type unasked.
  const expected = `application/x-${name}-request`;
  if (request.headers['content-type'] !== expected) return refused(415, `/${name} takes ${expected} only.`);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const gzip = encoding === 'gzip' || encoding === 'x-gzip';
  if (!gzip && encoding !== 'identity')
    return refused(415, `The encoding "${encoding}" is not known here: use gzip.`);
  return { kind: 'serve', app, service: services[name]!, protocol, gzip };
}

/** `http://host/hello` instead of `http://host/hello.git`: only git asks for these paths. */
function misspelt(path: string, asked: string | null): Route {
  const match = withoutSuffix.exec(path);
  if (!match || (match[2] === 'info/refs' && asked === null)) return { kind: 'other' };
  return refused(404, `Repositories end in .git here: use ${match[1]}.git in the URL of the remote.`);
}

function refused(status: number, message: string): Route {
  return { kind: 'refused', status, message };
}

/** The header becomes an environment variable of git's programs, so only its own form passes. */
function protocolOf(request: Pick<IncomingMessage, 'headers'>): string | null {
  const header = request.headers['git-protocol'];
  return typeof header === 'string' && /^[a-z0-9=.:-]{1,200}$/.test(header) ? header : null;
}
