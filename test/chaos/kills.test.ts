// kill -9 of server, router, engine and processes at random moments of random changes: what was said is what runs, and nothing is left.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { saidOf } from '../support/said.ts';
import { type SecondEngine, startSecondEngine } from '../support/second-engine.ts';
import { ageBlobs, astray } from '../support/stored-slugs.ts';
import type { Crowd } from '../support/visit.ts';
import { eventually } from '../support/wait.ts';
import { type Begun, type ChaosApp, createChaosApp } from './app.ts';
import { killAndReturn, lostContainers } from './kill.ts';
import { planRounds, type Round } from './plan.ts';

const number = (name: string, otherwise: number): number => {
  const text = process.env[name];
  if (text !== undefined && !/^\d{1,9}$/.test(text)) throw new Error(`${name} is "${text}", not a number.`);
  return text === undefined ? otherwise : Number(text);
};
const seed = number('TWELVE_CHAOS_SEED', Math.floor(Math.random() * 1e9));
const rounds = number('TWELVE_CHAOS_ROUNDS', 100);
// The same again: TWELVE_CHAOS_SEED=… (what is killed when; not how far the machine is by then).
console.info(`chaos: seed ${seed}, ${rounds} rounds`);

const names = ['left', 'right'];
const drain = 3;
const stop = 3;
/** In this time after its restart everything serves again. */
const backMs = 15_000;
/** In this time what is superseded is gone; the engine needs a moment to say so. */
const goneMs = (drain + stop + 2) * 1000;

let engine: SecondEngine;
let platform: TestPlatform;
let apps: ChaosApp[];
let crowds: Crowd[] = [];

beforeAll(async () => {
  engine = await startSecondEngine(['stack', 'build', 'router']);
  platform = await startPlatform({
    TWELVE_STOP_TIMEOUT: String(stop),
    TWELVE_DRAIN_TIMEOUT: String(drain),
    // So few that most rounds take something away.
    TWELVE_KEEP_RELEASES: '3',
  });
  apps = [];
  for (const name of names) apps.push(await createChaosApp(platform, name, apps.length + 1));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

afterEach(() => noticed(crowds));

const nameOf = ({ number, victim, changes, atMs }: Round): string =>
  `${number}: ${victim} at ${atMs} ms of ${changes.map(({ change }) => change).join(' and ')}`;

/** Of the app's visitors nobody may notice: the server serves none, and an app's death is not another's. */
async function noticed(crowds: readonly Crowd[]): Promise<string[]> {
  return (await Promise.all(crowds.map((one) => one.stop()))).flatMap(({ failures }) => failures);
}

describe(`seed ${seed}`, () => {
  const table = planRounds(seed, rounds, names.length).map((round) => [nameOf(round), round] as const);
  test.each(table)('%s', async (_, round) => {
    crowds = names.map((name) => platform.crowd(name, { clients: 2, pauseMs: 10 }));
    const visited = (): number => Math.min(...crowds.map((one) => one.answered()));
    const prepared = await Promise.all(
      apps.map((app, index) => app.prepare(round.changes[index]!.change, names.length)),
    );
    const begun = beginAll(round, prepared);
    await sleep(round.atMs);
    let away: string[] = [];
    const killed = await killAndReturn(round, {
      platform,
      engine,
      async whileAway() {
        // Router and apps do not need what is away; without its containers an engine has none of them, either.
        if (round.victim === 'everything') return;
        const before = visited();
        await eventually(visited, (count) => count > before + 5);
        if (round.victim === 'engine') away = await noticed(crowds);
      },
    });
    const restarted = Date.now();
    for (const name of names)
      await eventually(
        () => platform.visit(name, '/', { ms: 2000 }).catch(() => ({ status: 0 })),
        (answer) => answer.status === 200,
        backMs,
      );
    const results = await resultsOf(await begun);
    for (const [index, app] of apps.entries()) {
      const { change, result } = results[index]!;
      const said = saidOf(change.change, result);
      if (said === 'lost')
        expect(round.victim, `the ${change.change} of ${app.name} lost its connection`).toBe('server');
      await app.check(change, said, {
        apps: names.length,
        ms: Math.max(goneMs, restarted + backMs - Date.now()),
        undisturbed: round.victim === 'server' || round.victim === 'router',
      });
    }
    await nothingIsAstray(round);
    const failures = [...away, ...(await noticed(crowds))];
    const dead = killed && killed.labels['twelve.kind'] === 'process';
    if (round.victim === 'server' || (round.victim === 'process' && !dead)) expect(failures).toEqual([]);
    if (round.victim === 'engine') expect(away).toEqual([]);
  });
});

test('a blob that nothing names is seen, and the next start takes it', async () => {
  const orphan = 'f'.repeat(64);
  writeFileSync(join(platform.dataFolder, 'blobs', 'sha256', orphan), 'nobody names this');
  expect(await astray(platform, names)).toContain(`orphan blob sha256:${orphan}`);
  await platform.kill9();
  ageBlobs(platform);
  await platform.startAgain();
  await eventually(
    () => astray(platform, names),
    (found) => found.length === 0,
    backMs,
  );
});

async function beginAll(round: Round, prepared: readonly (() => Begun)[]): Promise<Begun[]> {
  return await Promise.all(
    prepared.map(async (begin, index) => {
      await sleep(round.changes[index]!.afterMs);
      return begin();
    }),
  );
}

async function resultsOf(begun: readonly Begun[]) {
  return await Promise.all(begun.map(async (change) => ({ change, result: await change.result })));
}

async function nothingIsAstray(round: Round): Promise<void> {
  await eventually(
    () => lostContainers(platform, engine),
    (lost) => lost.length === 0,
    goneMs,
  );
  // What is collected is collected at a server's start and after a push; only then nothing is young.
  if (round.victim === 'server')
    await eventually(
      () => astray(platform, names),
      (found) => found.length === 0,
      backMs,
    );
}
