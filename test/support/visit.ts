// Visitors: requests through the router as a browser would send them, one by one or as a steady stream.
import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface VisitOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Otherwise a connection of its own. */
  agent?: Agent;
  ms?: number;
}

/** One request, its answer read to the end. @throws Error when the connection fails or is silent too long */
export function visit(
  port: number,
  host: string,
  path: string,
  { method = 'GET', headers = {}, body, agent, ms = 60_000 }: VisitOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: { host, ...headers },
      agent: agent ?? false,
      signal: AbortSignal.timeout(ms),
    };
    const call = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(parts).toString('utf8'),
        }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

export interface Crowd extends AsyncDisposable {
  /** How many were answered with 200 so far. */
  answered(): number;
  /** Ends it. @returns every request that did not get its 200, in words */
  stop(): Promise<{ answered: number; failures: string[]; bodies: Set<string> }>;
}

/** Keep-alive clients that ask again and again, at most `limit` times in all, until they are stopped. */
export function crowd(
  port: number,
  host: string,
  { path = '/', clients = 3, pauseMs = 5, limit = 50_000 } = {},
): Crowd {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  const bodies = new Set<string>();
  let asked = 0;
  let answered = 0;
  let over = false;
  const one = async (): Promise<void> => {
    while (!over && asked++ < limit) {
      try {
        const answer = await visit(port, host, path, { agent });
        if (answer.status === 200) answered++;
        else failures.push(`${answer.status}: ${answer.text.slice(0, 200)}`);
        if (bodies.size < 1000) bodies.add(answer.text);
      } catch (error) {
        failures.push((error as Error).message);
      }
      await sleep(pauseMs);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, one));
  const stop: Crowd['stop'] = async () => {
    over = true;
    await all;
    agent.destroy();
    return { answered, failures, bodies };
  };
  return { answered: () => answered, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}
