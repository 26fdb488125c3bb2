// What the server's own log has of a request that failed by our fault: where, and no secret of it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { errorHandler } from '../../../platform/api/errors.ts';

async function logged(method: string, path: string): Promise<string> {
  const lines: string[] = [];
  const application = express();
  application.use(() => {
    throw new Error('the disk is gone');
  });
  application.use(errorHandler(pino({}, { write: (line: string) => void lines.push(line) })));
  const server = createServer(application);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  expect(answer.status).toBe(500);
  server.close();
  expect(lines).toHaveLength(1);
  return (JSON.parse(lines[0]!) as { path: string }).path;
}

const url = 'https://ada:hunter2@logs.example/in?key=hunter3';

it.each([
  ['/apps/hello/config-vars', '/apps/hello/config-vars'],
  ['/apps/hello/log-drains', '/apps/hello/log-drains'],
  ['/apps/hello/log-drains/d.11111111-2222', '/apps/hello/log-drains/d.11111111-2222'],
  [`/apps/hello/log-drains/${encodeURIComponent(url)}`, '/apps/hello/log-drains/***'],
  [`/apps/hello/log-drains/${encodeURIComponent(url).toLowerCase()}`, '/apps/hello/log-drains/***'],
  [`/apps/hello/log-drains/${url}`, '/apps/hello/log-drains/***'],
  ['/log-sessions/hunter2', '/log-sessions/***'],
  ['/outputs/1234-abcd/hunter2', '/outputs/1234-abcd/***'],
  ['/Sources/1234-abcd/hunter2', '/Sources/1234-abcd/***'],
  ['/apps/hello/log-sessions', '/apps/hello/log-sessions'],
])('of %s it has %s', async (path, shown) => {
  expect(await logged('DELETE', path)).toBe(shown);
});
