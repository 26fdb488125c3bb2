// An engine that is set to keep containers (`live-restore`) and killed: nobody notices, and changes go on once it is back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { killEngine } from '../support/kill-engine.mjs';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { type SecondEngine, startSecondEngine } from '../support/second-engine.ts';
import { whatIsSaidRuns } from '../support/truth.ts';
import { eventually } from '../support/wait.ts';

const server = `import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        print('visited', self.path, flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['DYNO']} {os.environ['TWELVE_RELEASE_VERSION']}".encode())

    def log_message(self, *args):
        pass

ThreadingHTTPServer(('', int(os.environ['PORT'])), Handler).serve_forever()
`;

let engine: SecondEngine;
let platform: TestPlatform;

beforeAll(async () => {
  engine = await startSecondEngine(['stack', 'build', 'router'], { 'live-restore': true });
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '3', TWELVE_DRAIN_TIMEOUT: '3' });
  const files = { Procfile: 'web: python3 server.py\n', 'server.py': server };
  await platform.push(await platform.createApp('kept', null, { files }));
  await must(platform.cli(['ps:scale', 'web=2', '-a', 'kept']));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

const ids = async (): Promise<string[]> =>
  (await platform.containers()).map(({ id, state }) => `${id} ${state}`).sort();

test('the same containers serve before, meanwhile and after; what they print meanwhile is in the log', async () => {
  await whatIsSaidRuns(platform, 'kept');
  const before = await ids();
  await using visitors = platform.crowd('kept');
  const more = async (): Promise<unknown> => {
    const goal = visitors.answered() + 30;
    return await eventually(visitors.answered, (answered) => answered >= goal);
  };
  await more();
  killEngine(engine.group, 'engine');
  await more();
  expect(await engine.answers()).toBe(false);
  expect((await platform.visit('kept', '/engine-is-away')).status).toBe(200);
  await engine.start();
  await more();
  await whatIsSaidRuns(platform, 'kept');
  expect(await ids()).toEqual(before);
  expect((await visitors.stop()).failures).toEqual([]);
  await eventually(
    async () => (await platform.cli(['logs', '-n', '1500', '-a', 'kept'])).stdout,
    (text) => text.includes('visited /engine-is-away'),
  );
});

test('with it back, a change is rolled out as ever', async () => {
  await using visitors = platform.crowd('kept');
  await must(platform.cli(['config:set', 'AFTER=1', '-a', 'kept']));
  const version = await whatIsSaidRuns(platform, 'kept');
  expect((await platform.visit('kept')).text).toContain(`v${version}`);
  expect((await visitors.stop()).failures).toEqual([]);
});
