// The API over HTTP: one request and its answer, lists over several pages, and streams.
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { apiLevel, levelHeader } from '../domain/api-level.ts';
import { incompatibility } from './compatibility.ts';
import { CliError, UnreachableError } from './errors.ts';
import { newRequestId } from './request-id.ts';
import { requestUrl } from './request-url.ts';
import type { Trust } from './trust.ts';
import { understand } from './understand.ts';
import { unreachable } from './unreachable.ts';
import { version } from './version.ts';

export interface ClientNeeds {
  /** Base of the API, without a slash at its end. */
  url: string;
  token: string | undefined;
  /** PEM of an authority to believe besides those the system knows. */
  authority?: string | undefined;
  signal: AbortSignal;
  /** Warnings that the server attached to an answer. */
  warn(text: string): void;
  /** What to do when the token is refused. */
  unauthorized: string;
}

/** An answer as it came, whatever its status. */
export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  content: string;
}

export interface ListOptions {
  /** What to sort by. */
  field?: string;
  order?: 'asc' | 'desc';
  /** At most so many; all without it. */
  limit?: number;
}

export interface Client {
  readonly url: string;
  get<T>(path: string): Promise<T>;
  list<T>(path: string, options?: ListOptions): Promise<T[]>;
  send<T>(
    method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>;
  /** As send, with the headers of the answer. */
  sendAndSee<T>(
    method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<{ value: T; headers: IncomingHttpHeaders }>;
  /** What a connection of one's own to this URL needs, to believe the server as we do. */
  trust(url: string): Promise<Trust>;
  /** Headers that show who we are, where this URL is of the server that we are logged in to. */
  login(url: string): Record<string, string>;
  /** What is no JSON, as it comes. @throws ApiError with the server's own sentence */
  download(path: string): Promise<IncomingMessage>;
  /** Any request; what is answered is not looked at. */
  ask(
    method: string,
    path: string,
    given: { headers: Record<string, string>; body?: string },
  ): Promise<RawAnswer>;
  /** An absolute URL whose secret is in it; the answer comes once it began, whatever its status. */
  stream(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage>;
}

interface Request {
  method: string;
  url: URL;
  headers: OutgoingHttpHeaders;
  body?: string;
  signal: AbortSignal;
  /** Milliseconds without a byte until we give up. */
  silence: number;
  trust(url: string): Promise<Trust>;
}

const pauses = [150, 500];
const maxRedirects = 5;

export function createClient(needs: ClientNeeds): Client {
  const warned = new Set<string>();

  /** The authority vouches for its own server and nobody else. */
  async function trust(url: string): Promise<Trust> {
    if (!needs.authority || new URL(url).host !== new URL(needs.url).host) return {};
    return (await import('./trust.ts')).believing(needs.authority);
  }

  async function reach(
    method: string,
    path: string,
    text: string | undefined,
    headers: Record<string, string>,
  ): Promise<{ response: IncomingMessage; content: string }> {
    const request: Request = {
      method,
      url: requestUrl(needs.url, path),
      headers: {
        ...ourHeaders(),
        ...(text === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
      signal: needs.signal,
      silence: 60_000,
      trust,
    };
    const answer = await exchange(request, method === 'GET' ? pauses : []);
    const strangers = incompatibility(needs.url, answer.response.headers);
    if (strangers) throw new CliError(strangers);
    warnings(answer.response);
    return answer;
  }

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ response: IncomingMessage; value: unknown }> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { response, content } = await reach(method, path, text, headers);
    return { response, value: understand(needs, response, content) };
  }

  function login(url: string): Record<string, string> {
    const [{ host, protocol }, own] = [new URL(url.replace(/^ws/, 'http')), new URL(needs.url)];
    if (!needs.token || host !== own.host || protocol !== own.protocol) return {};
    return { Authorization: `Bearer ${needs.token}` };
  }

  const ourHeaders = (): OutgoingHttpHeaders => ({
    Accept: 'application/vnd.heroku+json; version=3',
    'User-Agent': `twelve/${version()}`,
    // A server of another level refuses before it does anything.
    [levelHeader]: String(apiLevel),
    'Request-Id': newRequestId(),
    ...login(needs.url),
  });

  /** The server may attach a warning to any answer; each is said once. */
  function warnings(response: IncomingMessage): void {
    for (const name of ['x-heroku-warning', 'warning-message']) {
      const text = response.headers[name];
      if (typeof text !== 'string' || warned.has(text)) continue;
      warned.add(text);
      needs.warn(text);
    }
  }

  return {
    url: needs.url,
    get: async <T>(path: string) => (await call('GET', path)).value as T,
    send: async <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      (await call(method, path, body, headers)).value as T,
    async sendAndSee<T>(method: string, path: string, body?: unknown) {
      const { value, response } = await call(method, path, body);
      return { value: value as T, headers: response.headers };
    },
    async ask(method, path, { headers, body }) {
      const { response, content } = await reach(method, path, body, headers);
      return { status: response.statusCode ?? 0, headers: response.headers, content };
    },
    async list<T>(path: string, options: ListOptions = {}) {
      const { limit = Number.POSITIVE_INFINITY } = options;
      const found: T[] = [];
      for (let range: string | undefined = firstRange(options); ; ) {
        const { response, value } = await call('GET', path, undefined, range ? { Range: range } : {});
        if (!Array.isArray(value))
          throw new CliError(`${needs.url} answered ${path} with something else than a list.`);
        found.push(...(value as T[]));
        range = response.headers['next-range'] as string | undefined;
        if (response.statusCode !== 206 || !range || found.length >= limit) return found.slice(0, limit);
      }
    },
    async download(path) {
      const request: Request = {
        method: 'GET',
        url: requestUrl(needs.url, path),
        headers: ourHeaders(),
        trust,
        signal: needs.signal,
        silence: 600_000,
      };
      const response = await open(request);
      const strangers = incompatibility(needs.url, response.headers);
      if (strangers) throw new CliError(strangers);
      if (response.statusCode !== 200) understand(needs, response, await text(request, response));
      return response;
    },
    stream: (url, headers, signal) =>
      open({
        method: 'GET',
        url: new URL(url),
        headers: { ...headers, 'User-Agent': `twelve/${version()}` },
        signal,
        // Live streams are quiet for as long as an app is; the server pings every 15 to 30 s.
        silence: 120_000,
        trust,
      }),
    trust,
    login,
  };
}

/** `version ..; max=15, order=desc` */
function firstRange({ field, order, limit }: ListOptions): string | undefined {
  const parts = [limit ? `max=${Math.min(limit, 1000)}` : '', order ? `order=${order}` : ''].filter(Boolean);
  if (!field && parts.length === 0) return undefined;
  return `${field ?? 'id'} ..${parts.length > 0 ? `; ${parts.join(', ')}` : ''}`;
}

/** The whole answer; tried again after each pause when the connection broke. */
async function exchange(
  request: Request,
  retries: readonly number[],
): Promise<{ response: IncomingMessage; content: string }> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await open(request);
      return { response, content: await text(request, response) };
    } catch (error) {
      const broken = error instanceof UnreachableError && brokenConnection.has(error.code);
      if (!broken || attempt >= retries.length) throw error;
      await new Promise((resolve) => setTimeout(resolve, retries[attempt]));
    }
  }
}

const brokenConnection: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** Sends, follows redirects, and resolves with the head of the answer. */
async function open(request: Request): Promise<IncomingMessage> {
  let { url, headers } = request;
  for (let redirects = 0; ; redirects++) {
    const response = await sendOnce({ ...request, url, headers });
    const status = response.statusCode ?? 0;
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(status) || !location) return response;
    response.resume();
    if (redirects === maxRedirects) throw new CliError(`${request.url.origin} redirects in circles.`);
    if (!URL.canParse(location, url.href))
      throw new CliError(
        `${url.origin} redirects to ${JSON.stringify(location.slice(0, 200))}, which is no address.`,
      );
    const next = new URL(location, url);
    if (next.protocol !== 'http:' && next.protocol !== 'https:')
      throw new CliError(`${url.origin} redirects to ${next.protocol}, which is not HTTP.`);
    if (next.origin !== url.origin) {
      const { Authorization: _, ...rest } = headers;
      headers = rest;
    }
    url = next;
  }
}

async function sendOnce(request: Request): Promise<IncomingMessage> {
  const { url, signal } = request;
  if (signal.aborted) throw signal.reason;
  // TLS takes a while to load, and most servers are reached over loopback.
  const http = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const trusted = await request.trust(url.href);
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const sent: ClientRequest = http.request(url, {
      method: request.method,
      headers: request.headers,
      ...trusted,
      signal,
      timeout: request.silence,
    });
    sent.on('response', resolve);
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' })));
    sent.on('error', (error) => reject(signal.aborted ? signal.reason : unreachable(url, error)));
    sent.end(request.body);
  });
}

async function text(request: Request, response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of response) parts.push(part as Buffer);
  } catch (error) {
    throw request.signal.aborted ? request.signal.reason : unreachable(request.url, error as Error);
  }
  return Buffer.concat(parts).toString('utf8');
}
