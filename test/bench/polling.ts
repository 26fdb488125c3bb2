// Asking over HTTP until the awaited answer comes: the same way for ours and for the reference.
import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Between two questions; shorter would take the processor from what is measured. */
const pauseMs = 10;

export interface Target {
  host: string;
  port: number;
  /** The name that the visitor asks for. */
  name: string;
}

/** Each on a connection of its own. Null where nothing, or nothing whole, was answered. */
export function ask({ host, port, name }: Target): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = request(
      { host, port, path: '/', agent: false, headers: { Host: name }, timeout: 2000 },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.once('end', () => resolve(answer.statusCode === 200 ? body : null));
        answer.once('error', () => resolve(null));
      },
    );
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(null));
    asked.end();
  });
}

/** @throws Error when no answer satisfied `enough` within `ms` */
export async function untilAnswered(
  target: Target,
  enough: (body: string) => boolean,
  signal: AbortSignal,
  ms = 60_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  let last: string | null = null;
  for (;;) {
    signal.throwIfAborted();
    const body = await ask(target);
    if (body !== null && enough(body)) return;
    last = body ?? last;
    if (Date.now() > deadline)
      throw new Error(`${target.name} did not answer as awaited within ${ms / 1000} s; last: ${last}`);
    await sleep(pauseMs);
  }
}

/** Seconds that the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Ports of 127.0.0.1 that are free at this moment, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
