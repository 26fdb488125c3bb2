// The end of a one-off stands in the log once, whichever servers found out, came and went. The log is the real one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OneOffOrder } from '../../../platform/processes/one-off-spec.ts';
import { type Opened, openLogs } from '../logs/opened-logs.ts';
import { app, append, begin, ended, engine, newNeeds, newOneOffs, orderOf, until } from './ground.ts';

let folder: string;
let logs: Opened;
let order: OneOffOrder;
/** Statuses that cron was told. */
let told: (number | null)[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-ends-'));
  logs = await openLogs(folder);
  told = [];
  await begin();
  order = orderOf(await ended(append({ worker: 'k' })), 'rake db');
});
afterEach(async () => {
  await logs[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const never = new Promise<never>(() => undefined);
const left = (): string[] => engine.containers().map((one) => one.details.state);

/** What a server has. @param onEngine what it does not live to do there */
function needs(onEngine: Partial<ReturnType<typeof engine.connect>> = {}, reattachMs = 60_000) {
  const usual = newNeeds();
  return {
    ...usual,
    reattachMs,
    logs,
    engine: { ...usual.engine, ...onEngine },
    onCronEnded: (_run: unknown, status: number | null) => void told.push(status),
  };
}

/** The next server's: what was written before is on the disk. */
async function openAgain(): Promise<void> {
  await logs[Symbol.asyncDispose]();
  logs = await openLogs(folder);
}

async function lines(): Promise<string[]> {
  const filter = { source: 'twelve', process: 'run' } as const;
  return (await logs.read(app.id, { lines: 100, filter })).map(({ process, text }) => `${process}: ${text}`);
}

async function untilTold(name: string): Promise<void> {
  while (!(await lines()).some((line) => line.startsWith(`${name}: `) && line.endsWith('to complete')))
    await new Promise((resolve) => setTimeout(resolve, 5));
}

test('of one whose caller may come back: told before a restart, and not again', async () => {
  const { name } = await newOneOffs(needs()).create({ ...order, session: 's' });
  await until(() => left()[0] === 'running', 'running');
  engine.crash(engine.containers()[0]!.id, 3);
  await untilTold(name);
  const before = await lines();
  expect(before).toEqual([
    `${name}: Starting process with command \`rake db\``,
    `${name}: Process exited with status 3`,
    `${name}: State changed from starting to complete`,
  ]);
  await openAgain();
  await newOneOffs(needs({}, 100)).adopt();
  await until(() => left().length === 0, 'removed');
  expect(await lines()).toEqual(before);
});

test('of one that ended while no server was there: told by the first that comes, and by no other', async () => {
  const { name } = await newOneOffs(needs({ wait: () => never })).create({ ...order, session: 's' });
  await until(() => left()[0] === 'running', 'running');
  engine.crash(engine.containers()[0]!.id, 3);
  expect(await lines()).toHaveLength(1);
  for (const reattachMs of [60_000, 100]) {
    await openAgain();
    await newOneOffs(needs({}, reattachMs)).adopt();
    await untilTold(name);
  }
  await until(() => left().length === 0, 'removed');
  expect((await lines()).slice(1)).toEqual([
    `${name}: Process exited with status 3`,
    // Whether it had begun nobody can say any more.
    `${name}: State changed from up to complete`,
  ]);
});

test('of a detached one whose container a killed server did not come to remove; cron is told by both', async () => {
  const cron = { entry: 'e', run: 'r' };
  const { name } = await newOneOffs(needs({ remove: () => never })).create({
    ...order,
    attached: false,
    cron,
  });
  engine.crash(engine.containers()[0]!.id, 3);
  await untilTold(name);
  const before = await lines();
  await openAgain();
  await newOneOffs(needs()).adopt();
  await until(() => left().length === 0, 'removed');
  expect(await lines()).toEqual(before);
  expect(told).toEqual([3, 3]);
});

test('the end of another that had its name before is another end', async () => {
  const draws = () => 7000;
  for (const code of [3, 4]) {
    const { name } = await newOneOffs(needs({ wait: () => never }), draws).create({ ...order, session: 's' });
    expect(name).toBe('run.7000');
    await until(() => left()[0] === 'running', 'running');
    engine.crash(engine.containers()[0]!.id, code);
    await newOneOffs(needs({}, 100)).adopt();
    await until(() => left().length === 0, 'removed');
  }
  const ends = (await lines()).filter((line) => line.includes('exited'));
  expect(ends).toEqual([3, 4].map((code) => `run.7000: Process exited with status ${code}`));
});

test('where the log cannot be asked it is told, and so is that', async () => {
  const { name } = await newOneOffs(needs({ wait: () => never })).create({ ...order, session: 's' });
  await until(() => left()[0] === 'running', 'running');
  engine.crash(engine.containers()[0]!.id, 3);
  const problems: string[] = [];
  const read = () => Promise.reject(new Error('The log is not available at this moment.'));
  const next = { ...needs({}, 100), onProblem: (text: string) => void problems.push(text) };
  await newOneOffs({ ...next, logs: { ...logs, read } }).adopt();
  await untilTold(name);
  expect(problems).toEqual([
    `Whether the end of ${name} was told is not known: The log is not available at this moment.`,
  ]);
});
