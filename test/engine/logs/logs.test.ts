// What real containers print, followed through the engine's own rotation, to the last line.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { StoredLine } from '../../../platform/domain/log-line.ts';
import { createDockerEngine } from '../../../platform/engine/docker.ts';
import type { ContainerSpec } from '../../../platform/engine/engine.ts';
import { createLogs, type Logs } from '../../../platform/logs/logs.ts';
import { debian } from '../../support/debian.ts';
import { linesOf, whole } from '../../unit/logs/tailed.ts';

const labels = { 'twelve.test': randomBytes(6).toString('hex') };
const engine = createDockerEngine({ socketPath: process.env['TWELVE_ENGINE'] || '/var/run/docker.sock' });
const base = await debian(engine);
const all = { lines: 1e7, filter: {} };
let folder: string;
let logs: Logs;
let problems: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-logs-'));
  problems = [];
  logs = await open();
});
afterEach(async () => {
  await logs.close();
  for (const container of await engine.list(labels)) await engine.remove(container.id);
  rmSync(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});
afterAll(() => engine.close());

function open(): Promise<Logs> {
  return createLogs({ folder, budgetBytes: 100 << 20, onProblem: (message) => problems.push(message) });
}

async function start(script: string, more: Partial<ContainerSpec> = {}): Promise<string> {
  const id = await engine.create({
    name: `twelve-test-${randomBytes(6).toString('hex')}`,
    image: base,
    labels,
    env: {},
    command: ['/bin/sh', '-c', script],
    ...more,
  });
  await engine.start(id);
  await follow(id);
  return id;
}

async function follow(id: string, appId = 'app'): Promise<void> {
  const { logPath } = await engine.inspect(id);
  logs.follow({ id, appId, process: 'web.1', logPath: logPath! });
}

/** As the process manager does it: ended, read, removed. */
async function finish(id: string): Promise<void> {
  await engine.wait(id);
  await logs.drained(id);
  await engine.remove(id);
}

function expectNumbered(lines: StoredLine[], count: number): void {
  // Compared by hand: a report of half a million differences helps nobody.
  const wrong = lines.findIndex(
    (line, i) => line.text !== `line ${i + 1} of a burst` || line.sequence !== i + 1,
  );
  expect(lines[wrong]).toBeUndefined();
  expect(lines).toHaveLength(count);
}

test('a burst of 500,000 lines by a process that exits after its last is kept: all, once, in order', async () => {
  await finish(await start('seq -f "line %.0f of a burst" 1 500000'));
  expectNumbered(await logs.read('app', all), 500_000);
});

test('the router is closed and opened again in the middle of rotations: nothing lost, nothing twice', async () => {
  const id = await start(
    'for n in $(seq 1 40); do seq -f "line %.0f of a burst" $((n*1000-999)) $((n*1000)); sleep 0.05; done',
    {
      log: { maxSizeBytes: 500_000, maxFiles: 10 },
    },
  );
  for (let restart = 0; restart < 5; restart++) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await logs.close();
    logs = await open();
    await follow(id);
  }
  await finish(id);
  expectNumbered(await logs.read('app', all), 40_000);
});

test('a tail shows what a container prints, while it runs', async () => {
  const stop = new AbortController();
  const seen: StoredLine[] = [];
  const tailing = (async () => {
    const query = { lines: 0, filter: {}, shape: whole, signal: stop.signal };
    for await (const part of logs.tail('app', query)) {
      seen.push(...linesOf(part));
      // The engine reads the two pipes side by side: either line may come first.
      if (seen.length === 2) stop.abort();
    }
  })();
  const id = await start('echo first; echo second >&2; sleep 60');
  await tailing;
  expect(seen.map((line) => line.text).sort()).toEqual(['first', 'second']);
  await engine.kill(id, 'SIGKILL');
  await finish(id);
});

test('the last words of a crash, long lines and odd bytes are readable', async () => {
  const script = [
    `printf 'caf\\351 \\033[31mred\\033[0m "quoted" back\\\\slash\\ttab\\r\\n'`,
    'head -c 40000 /dev/zero | tr "\\0" x; echo',
    "printf 'no newline'",
    'exit 3',
  ].join('; ');
  const id = await start(script);
  expect(await engine.wait(id)).toBe(3);
  await finish(id);
  const lines = await logs.read('app', all);
  expect(lines[0]!.text).toBe('caf\ufffd \x1b[31mred\x1b[0m "quoted" back\\slash\ttab');
  expect(lines.slice(1, -1).map((line) => line.text.length)).toEqual([10_000, 10_000, 10_000, 10_000]);
  expect(lines.at(-1)!.text).toBe('no newline');
  for (const line of lines) expect(Math.abs(line.time / 1000 - Date.now())).toBeLessThan(60_000);
});
