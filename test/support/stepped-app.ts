// An app, every kind of change that is made to it, and which named steps each change passes.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  branchSteps,
  changeSteps,
  deploySteps,
  processSteps,
  releaseSteps,
  type Step,
} from '../../platform/domain/steps.ts';
import { type AppRepository, must } from './app-repository.ts';
import { startPlatform, type TestPlatform } from './platform.ts';
import type { Result } from './program.ts';
import type { Said } from './said.ts';
import {
  expectTruth,
  failFromNow,
  failingSize,
  failNoMore,
  type Order,
  orderOf,
  scaleTo,
} from './stepped-changes.ts';
import { releasesOf, whatIsSaidRuns } from './truth.ts';
import { eventually } from './wait.ts';

export const steppedChanges = {
  push: [...deploySteps, ...releaseSteps, ...processSteps, ...branchSteps],
  // Without new code there is no release command to wait for, but its step is passed.
  config: [...releaseSteps, ...processSteps],
  rollback: [...releaseSteps, ...processSteps],
  'scale up': ['create', 'start', 'up'],
  'scale down': ['stop', 'remove'],
  resize: processSteps,
  restart: processSteps,
  // To three, of which the third ends at its start.
  'scale that fails': ['create', 'start', ...changeSteps],
  // Each of these starts processes that end at once.
  'resize that fails': ['create', 'start', ...changeSteps],
  'restart that fails': ['create', 'start', ...changeSteps],
  'config that fails': ['appended', 'release-phase', 'prepare', 'create', 'start', 'remove'],
} as const satisfies Record<string, readonly Step[]>;
export type SteppedChange = keyof typeof steppedChanges;

export const rowsOf = (): { change: SteppedChange; step: Step }[] =>
  Object.entries(steppedChanges).flatMap(([change, steps]) =>
    steps.map((step) => ({ change: change as SteppedChange, step })),
  );

/** No release is made of it. */
export const isOfProcesses = (change: SteppedChange): boolean =>
  !['push', 'config', 'rollback', 'config that fails'].includes(change);

/** Begins a Procfile's web command: what the changes that fail start ends at once, with its last words. */
export const mayFail = [
  'fail() { echo "last words: $1"; exit 4; };',
  'test "$DYNO" != web.3 || fail third;',
  `test "$MEMORY_AVAILABLE" != ${failingSize.memory} || fail size;`,
  'test -z "$FAILS" || fail config;',
  'test -z "$FAILS_FROM" || test "$(date +%s)" -lt "$FAILS_FROM" || fail restart;',
].join(' ');

export interface Begun extends Order {
  /** Resolves when whoever asked for the change has their answer. */
  made: Promise<Result>;
}

export interface SteppedApp extends AsyncDisposable {
  platform: TestPlatform;
  name: string;
  /**
   * Brings the app where the change can be made, begins it, and returns when the victim was ended.
   * @param victim in the words of end-at-step.mjs; asked for right before
   */
  endAt(step: Step, change: SteppedChange, victim: () => string | Promise<string>): Promise<Begun>;
  /**
   * Waits until what is said runs (see truth.ts), with the branch at what was deployed last; then what whoever asked was
   * told has to be so. @returns what that was
   */
  toldTheTruth(begun: Begun): Promise<Said>;
  /** The same without a change. */
  whatIsSaidRuns(): Promise<number>;
}

/** Deployed. */
export async function createSteppedApp(
  fixture: string | null,
  files: Record<string, string>,
): Promise<SteppedApp> {
  const name = 'stepped';
  const folder = mkdtempSync(join(tmpdir(), 'twelve-steps-'));
  const armFile = join(folder, 'step');
  const platform = await startPlatform({
    TWELVE_STOP_TIMEOUT: '3',
    TWELVE_DRAIN_TIMEOUT: '3',
    TWELVE_TEST_STEP: armFile,
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'end-at-step.mjs')}`,
  });
  const dispose = async (): Promise<void> => {
    rmSync(folder, { recursive: true });
    await platform[Symbol.asyncDispose]();
  };
  try {
    const repository = await platform.createApp(name, fixture, { files });
    await platform.push(repository);
    return {
      platform,
      name,
      ...makeChanges(platform, name, repository, armFile),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function makeChanges(
  platform: TestPlatform,
  name: string,
  repository: AppRepository,
  armFile: string,
): Pick<SteppedApp, 'endAt' | 'toldTheTruth' | 'whatIsSaidRuns'> {
  let count = 0;
  async function runs(): Promise<number> {
    const version = await whatIsSaidRuns(platform, name);
    const releases = await releasesOf(platform, name);
    const deployed = releases.find((one) => one.status === 'succeeded' && /^Deploy /.test(one.description));
    await eventually(
      async () => (await must(repository.git('ls-remote', 'platform', 'refs/heads/main'))).stdout,
      (branch) => `Deploy ${branch.slice(0, 8)}` === deployed?.description,
    );
    return version;
  }

  return {
    whatIsSaidRuns: runs,
    async endAt(step, change, victim) {
      await failNoMore(platform, name);
      await scaleTo(platform, name, change === 'scale up' ? 1 : 2);
      if (change === 'restart that fails') await failFromNow(platform, name);
      await runs();
      const order = await orderOf(platform, repository, name, change, ++count);
      writeFileSync(armFile, `${step} ${await victim()}`);
      const made = order.begin();
      await eventually(
        () => existsSync(armFile),
        (armed) => !armed,
      );
      return { ...order, made };
    },
    async toldTheTruth(begun) {
      const result = await begun.made;
      await runs();
      return await expectTruth(platform, name, begun, result);
    },
  };
}
