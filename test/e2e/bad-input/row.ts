// One row of a table: something a user does, how it ends, what they read, and what of the platform is another after it.
import { createServer, type RequestListener, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { AppRepository } from '../../support/app-repository.ts';
import type { EngineProxy } from '../../support/engine-proxy.ts';
import type { TestPlatform } from '../../support/platform.ts';
import type { Result, RunOptions } from '../../support/program.ts';

/** What the rows act on. */
export interface Ground {
  platform: TestPlatform;
  /** What the platform takes for its engine. */
  engine: EngineProxy;
  /** The repository of `hello`, an app that serves; its main is what is deployed. */
  hello: AppRepository;
}

export interface Told {
  /** `exit 1` of a program, `422 invalid_params` of the API. */
  ends: string;
  /** Everything the user reads. */
  text: string;
}

export interface Row {
  what: string;
  act(on: Ground): Promise<Told>;
  ends: string;
  says: RegExp;
  /** Facts (see facts.ts) that are there afterwards and were not before; none without it. */
  adds?: readonly RegExp[];
  /** Facts that are there no more. */
  removes?: readonly RegExp[];
}

type Act = Row['act'];

/** The command line; `-a hello` unless the row names an app itself, or needs none. */
export function twelve(argv: readonly string[], options: RunOptions = {}): Act {
  return async ({ platform }) => told(await platform.cli(argv, options));
}

export function told({ status, stdout, stderr }: Result): Told {
  return { ends: `exit ${status}`, text: stdout + stderr };
}

export interface Sent {
  body?: unknown;
  /** Instead of a body: these very bytes. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
}

/** A request as it stands: no client tidies its path up. */
export function api(method: string, path: string, { body, raw, headers = {} }: Sent = {}): Act {
  return ({ platform }) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(platform.url);
      const call = request(
        {
          ...{ hostname, port, method, path, agent: false },
          headers: {
            Accept: 'application/vnd.heroku+json; version=3',
            Authorization: `Bearer ${platform.token}`,
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => resolve(answered(response.statusCode ?? 0, text)));
        },
      );
      call.on('error', reject);
      call.end(raw ?? (body === undefined ? undefined : JSON.stringify(body)));
    });
}

/** Bytes to the API's port, to the end of the connection. */
export function bytes(text: string): Act {
  return ({ platform }) =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(platform.url).port), '127.0.0.1', () => socket.write(text));
      let answer = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        answer += part;
      });
      socket.on('error', reject);
      socket.on('close', () => {
        const [head = '', body = ''] = answer.split('\r\n\r\n');
        resolve(answered(Number(head.split(' ')[1]), body));
      });
    });
}

/** In the one shape of the API's failures; anything else is shown as it came. */
function answered(status: number, text: string): Told {
  try {
    const { id, message } = JSON.parse(text) as { id?: string; message?: string };
    return { ends: `${status} ${id}`, text: message ?? text };
  } catch {
    return { ends: `${status}`, text };
  }
}

/** The command line against a server that answers like this. */
export function against(answer: RequestListener, argv = ['apps']): Act {
  return async ({ platform }) => {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return told(await platform.cli(argv, { env: { TWELVE_URL: url, TWELVE_TOKEN: 'any' } }));
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
}

/** About what only the platform knows the name of: its answer, or the first of a list. */
export function withAnswer(path: string, act: (answer: Record<string, unknown>) => Act): Act {
  return async (on) => {
    const { body } = await on.platform.api<Record<string, unknown>>('GET', path);
    return await act([body].flat()[0]!)(on);
  };
}

/** git in the repository of `hello`. */
export function git(args: readonly string[], env: Record<string, string> = {}): Act {
  return async ({ platform, hello }) => told(await platform.git(args, { cwd: hello.folder, env }));
}

/** A commit with these files on top of what is deployed, pushed; the user's main stays where it is. */
export function push(files: Record<string, string | null>, ...args: string[]): Act {
  return async ({ hello }) => {
    await hello.git('checkout', '-q', '-f', '-B', 'attempt', 'main');
    await hello.commit(files, 'attempt');
    const pushed = await hello.git('push', ...(args.length > 0 ? args : ['platform', 'attempt:main']));
    await hello.git('checkout', '-q', '-f', 'main');
    return told(pushed);
  };
}
