// Changes and server restarts under constant load: no request, stream or WebSocket that ends in the drain time is cut.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { carryOut, fewChanges } from '../bench/drop/changes.ts';
import { startVisitors } from '../bench/drop/load.ts';
import { tell, verdictOf } from '../bench/drop/verdict.ts';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';

const drainSeconds = 5;
const folder = join(import.meta.dirname, '..', 'bench', 'drop', 'app');
const files = Object.fromEntries(
  ['Procfile', 'package.json', 'package-lock.json', 'server.js'].map((name) => [
    name,
    readFileSync(join(folder, name), 'utf8'),
  ]),
);

let platform: TestPlatform;
let app: AppRepository;

beforeAll(async () => {
  platform = await startPlatform({
    TWELVE_DRAIN_TIMEOUT: String(drainSeconds),
    TWELVE_STOP_TIMEOUT: '3',
  });
  app = await platform.createApp('drop', null, { files });
  await platform.push(app);
  await must(platform.cli(['ps:scale', 'web=2', '-a', 'drop']));
});
afterAll(() => platform?.[Symbol.asyncDispose]());

test('ten changes, with the server killed and restarted among them: nobody notices', async () => {
  const target = { host: '127.0.0.1', port: platform.httpPort, name: 'drop.localhost' };
  const visitors = startVisitors(target, drainSeconds * 1000 - 2000);
  const site = {
    app: 'drop',
    async api(method: string, path: string, body?: unknown) {
      const answer = await platform.api<unknown>(method, path, body);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async push() {
      await app.commit({ 'notes.txt': 'a change\n' });
      await platform.push(app);
    },
    stopServer: (signal: 'SIGTERM' | 'SIGKILL') => platform.stop(signal),
    startServer: () => platform.startAgain(),
  };
  const marks = await carryOut(site, fewChanges, {
    everyMs: 1500,
    signal: AbortSignal.timeout(200_000),
    onChange: () => undefined,
  });
  const report = await visitors.stop();
  const { asked, failures, longer } = verdictOf(report, drainSeconds * 1000);
  expect(failures.map((failure) => tell(failure, marks))).toEqual([]);
  expect(marks).toHaveLength(fewChanges.length);
  // Every kind of visitor was there all the time.
  expect(report.counts.size).toBe(8);
  expect(asked).toBeGreaterThan(1000);
  expect(longer.opened).toBeGreaterThanOrEqual(3);
});
