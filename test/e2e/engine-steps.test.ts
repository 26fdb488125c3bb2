// The engine killed at every named step of every kind of change, and started again: afterwards what is said is what runs.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { branchSteps, type Step } from '../../platform/domain/steps.ts';
import { createDockerEngine } from '../../platform/engine/docker.ts';
import { killEngine } from '../support/kill-engine.mjs';
import { type SecondEngine, startSecondEngine } from '../support/second-engine.ts';
import {
  createSteppedApp,
  mayFail,
  rowsOf,
  type SteppedApp,
  type SteppedChange,
} from '../support/stepped-app.ts';
import { releasesOf } from '../support/truth.ts';

// Nothing that its build would have to fetch: a second engine leads nowhere.
const files = {
  Procfile: `web: ${mayFail} exec python3 server.py\nrelease: true\n`,
  'server.py': `import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['DYNO']} {os.environ['TWELVE_RELEASE_VERSION']}".encode())

    def log_message(self, *args):
        pass

HTTPServer(('', int(os.environ['PORT'])), Handler).serve_forever()
`,
};

let engine: SecondEngine;
let app: SteppedApp;

beforeAll(async () => {
  engine = await startSecondEngine(['stack', 'build', 'router']);
  app = await createSteppedApp(null, files);
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

/** Of a container, whoever may know of it. */
function processesOf(container: string): string[] {
  const group = join(engine.group, 'containers', container, 'cgroup.procs');
  return existsSync(group) ? readFileSync(group, 'utf8').split('\n').filter(Boolean) : [];
}

const labels = { 'twelve.test': 'lost' };

/** Kills the engine so long after the first process of a container has come to be. @returns the container if it is lost */
async function lose(image: string, name: string, afterMs: number): Promise<string | 'early' | 'late'> {
  const docker = createDockerEngine({ socketPath: engine.socket });
  try {
    const spec = { name, image, labels, env: {}, command: ['sleep', '600'] };
    const id = await docker.create(spec);
    let answered = false;
    const started = docker
      .start(id)
      .catch(() => undefined)
      .finally(() => {
        answered = true;
      });
    while (!answered && processesOf(id).length === 0) await new Promise(setImmediate);
    await sleep(afterMs);
    killEngine(engine.group, 'engine');
    await started;
    await engine.start();
    const { state } = await docker.inspect(id);
    if (state !== 'created') return 'late';
    return processesOf(id).length > 0 ? id : 'early';
  } finally {
    docker.close();
  }
}

test('what it was starting when it was killed, and forgot, is ended', async () => {
  const docker = createDockerEngine({ socketPath: engine.socket });
  try {
    const [image] = await docker.images({ 'twelve.image': 'stack' });
    let lost = 'early';
    // It notes that a container runs a moment after it does; when, depends on the machine.
    for (let [tries, low, high, ms] = [0, 0, 0, 80]; tries < 25 && lost.length < 64; tries++) {
      lost = await lose(image!.tags[0]!, `lost-${tries}`, ms);
      if (lost === 'early') low = ms;
      if (lost === 'late') high = ms;
      // A moment that was too early once may be too late the next time.
      if (high - low < 10) low = Math.min(low, high) / 2;
      ms = high === 0 ? ms * 2 : (low + high) / 2;
    }
    expect(lost).toMatch(/^[0-9a-f]{64}$/);
    await docker.endLost(labels);
    expect(processesOf(lost)).toEqual([]);
    for (const { id } of await docker.list(labels)) await docker.remove(id);
  } finally {
    docker.close();
  }
  await app.whatIsSaidRuns();
});

// Both ways to die are real: what runs in containers outlives a killed engine until it starts again, but not a machine.
type Row = { change: SteppedChange; step: Step; victim: 'engine' | 'everything' };
const quick: Row[] = [
  { change: 'push', step: 'built', victim: 'engine' },
  { change: 'config', step: 'start', victim: 'engine' },
  // The other one is being started then.
  { change: 'config', step: 'up', victim: 'engine' },
  { change: 'config', step: 'switch', victim: 'everything' },
  { change: 'scale up', step: 'create', victim: 'everything' },
];
const every = (['engine', 'everything'] as const).flatMap((victim) =>
  rowsOf()
    // The branch is git's matter alone.
    .filter(({ step }) => !(branchSteps as readonly Step[]).includes(step))
    // All ends when the engine is back, and what fails from a time on would never start again. A scale goes back as a resize does.
    .filter(({ change }) => change !== 'restart that fails' && change !== 'resize that fails')
    .filter(({ change }) => victim === 'engine' || change !== 'config that fails')
    .map((row): Row => ({ ...row, victim })),
);

const newestRelease = async () => (await releasesOf(app.platform, app.name))[0];

test.each(process.env['TWELVE_TESTS'] === 'full' ? every : quick)(
  '$change, $victim ended at step $step',
  async ({ change, step, victim }) => {
    const before = await newestRelease();
    const begun = await app.endAt(step, change, () => `${victim} ${engine.group}`);
    expect(await engine.answers()).toBe(false);
    await engine.start();
    await app.toldTheTruth(begun);
    const result = await begun.made;
    const newest = await newestRelease();
    const whose = change === 'config that fails' ? /engine|router|last words: config/ : /engine|router/;
    // A push that ended before it had a release leaves the one of the change before it, with that one's reason.
    if (newest?.version !== before?.version && newest?.status === 'failed')
      expect(newest.reason).toMatch(whose);
    if (change === 'push' && result.status === 0) expect(result.stderr).toContain('deployed');
    else if (change === 'push')
      expect(result.stderr).toMatch(/ ! {2}.*(engine|router).*(v\d+ serves|Build failed)/s);
  },
);
