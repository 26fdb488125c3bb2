// What a log does at its limits: a reader that is slower than the budget, and a disk that is full to its last byte.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { createMemoryDisk, type SmallDisk } from '../support/small-disk.ts';
import { eventually } from '../support/wait.ts';

const budget = 16;
const diskBytes = (budget + 8) << 20;
/** More than the budget and all buffers on the way hold. */
const many = 120_000;
let platform: TestPlatform;
let flooding: AppRepository;
let quiet: AppRepository;
let disk: SmallDisk;

/** The logs on a small disk of their own. */
beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '5', TWELVE_LOG_BUDGET: `${budget}` });
  await platform.stop('SIGTERM');
  // It is unmounted with the platform's folder.
  disk = createMemoryDisk(join(platform.dataFolder, 'logs'), diskBytes);
  await platform.startAgain();
  flooding = await platform.createApp('flooding', 'misbehaving');
  quiet = await platform.createApp('quiet', 'misbehaving');
  for (const app of [flooding, quiet]) await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

interface Line {
  process: string;
  text: string;
  sequence?: number;
}

async function lines(app: AppRepository, ...args: string[]): Promise<Line[]> {
  const order = ['logs', '--json', '-n', '1000000', ...args];
  return parsed((await must(platform.cli(order, { cwd: app.folder }))).stdout);
}

function parsed(text: string): Line[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

/** Starts a process that prints numbered lines which hardly compress, and gives its name. */
async function printing(app: AppRepository, count: number): Promise<string> {
  const program = `head -c ${count * 300} /dev/urandom | base64 -w 400 | nl -ba -w1 -s' '`;
  return (await must(platform.cli(['run:detached', program], { cwd: app.folder }))).stdout.trim();
}

const numbers = (all: Line[]): number[] => all.map(({ text }) => Number.parseInt(text, 10));
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('a tail that stands still while the budget goes on says how many lines it missed, to the line', async () => {
  const tailing = ['logs', '--tail', '--json', '-n', '1'];
  await using tail = platform.cliStart(tailing, { cwd: flooding.folder });
  await tail.printed('"sequence"');
  tail.child.kill('SIGSTOP');
  const name = await printing(flooding, many);
  await eventually(
    () => lines(flooding, '-p', name, '-s', 'twelve', '-n', '1'),
    ([last]) => last?.text === 'State changed from up to complete',
  );
  const { body } = await platform.api<{ id: string }>('GET', '/apps/flooding');
  expect(bytesIn(join(disk.folder, body.id))).toBeLessThan((budget + 1) << 20);
  tail.child.kill('SIGCONT');
  await tail.printed('State changed from up to complete', 120_000);
  tail.interrupt();
  const seen = parsed((await tail.result).stdout);
  const form = /^Error L11 \(Tail buffer overflow\) -> This tail session dropped (\d+) messages since /;
  const missed = seen.flatMap(({ text }) => Number(form.exec(text)?.[1] ?? 0)).filter(Boolean);
  const shown = seen.flatMap(({ sequence }) => sequence ?? []);
  expect(missed.length).toBeGreaterThan(0);
  // As numbers: a hundred thousand are slow to compare.
  expect(shown.findIndex((sequence, index) => index > 0 && sequence <= shown[index - 1]!)).toBe(-1);
  expect(shown.length + missed.reduce((sum, count) => sum + count, 0)).toBe(shown.at(-1)! - shown[0]! + 1);
});

test('a full disk: apps, server and readers go on; what is lost of it is said, and counted where it can be', async () => {
  disk.fill(0);
  // Less than the engine keeps for us, and about as much.
  const little = await printing(quiet, 300);
  const much = await printing(flooding, many);
  // The first few may fit behind what is there.
  for (let request = 0; request < 60; request++)
    expect((await platform.visit('quiet', '/')).status).toBe(200);
  // No process waits for its log: they end while nothing can be stored.
  for (const app of ['quiet', 'flooding'])
    await eventually(
      () => platform.containers(app, 'run'),
      (all) => all.length > 0 && all.every(({ state }) => state === 'exited'),
    );
  expect(disk.free()).toBe(0);
  expect((await platform.api('GET', '/apps/quiet')).status).toBe(200);
  expect(await lines(flooding, '-n', '5')).toHaveLength(5);
  expect(platform.serverOutput()).toMatch(
    /cannot be followed for now: ENOSPC.*nothing is lost while the engine/,
  );
  expect(platform.serverOutput()).toMatch(/Lines of the platform cannot be stored: ENOSPC/);

  disk.empty();
  expect((await platform.visit('quiet', '/')).status).toBe(200);
  const told = await eventually(
    () => lines(quiet),
    (all) => all.some(({ text }) => text.endsWith('lines lost: the disk took nothing.')),
  );
  const counted = told.find(({ text }) => text.endsWith('lines lost: the disk took nothing.'));
  expect(Number.parseInt(counted!.text, 10)).toBeGreaterThanOrEqual(20);
  const kept = await eventually(
    () => lines(quiet, '-p', little, '-s', 'app'),
    (all) => all.length >= 300,
  );
  expect(numbers(kept)).toEqual(range(1, 300));
  const rest = await eventually(
    () => lines(flooding, '-p', much),
    (all) => all.some(({ text }) => text.startsWith(`${many} `)),
  );
  // Where a line is missing, that is said in its place.
  const said = /^(\d+) |^Lines lost: the engine rotated its log away before it could be read\.$/;
  const places = rest.flatMap(({ text }) => (said.test(text) ? [Number(said.exec(text)?.[1] ?? 0)] : []));
  const unexplained = places.findIndex((number, index) => {
    const before = places[index - 1];
    return before && number !== 0 && number !== before + 1;
  });
  expect(unexplained).toBe(-1);
  expect(places.at(-1)).toBe(many);
});

test("the engine's files that are not where they should be are said at the start, with what to do", async () => {
  await using lost = await startPlatform({ TWELVE_ENGINE_CONTAINERS: join(platform.dataFolder, 'nowhere') });
  const said = lost
    .serverOutput()
    .split('\n')
    .find((line) => line.includes('What apps print is not in their logs'));
  expect(said).toContain('/nowhere are not there');
  expect(said).toContain('mount it, and set TWELVE_ENGINE_CONTAINERS');
});

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
