// An app, every kind of change that is made to it, and which named steps each change passes.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  branchSteps,
  deploySteps,
  processSteps,
  releaseSteps,
  type Step,
} from '../../platform/domain/steps.ts';
import { must } from './app-repository.ts';
import { startPlatform, type TestPlatform } from './platform.ts';
import type { Result } from './program.ts';
import { releasesOf, whatIsSaidRuns } from './truth.ts';
import { eventually } from './wait.ts';

export const steppedChanges = {
  push: [...deploySteps, ...releaseSteps, ...processSteps, ...branchSteps],
  // Without new code there is no release command to wait for, but its step is passed.
  config: [...releaseSteps, ...processSteps],
  rollback: [...releaseSteps, ...processSteps],
  'scale up': ['create', 'start', 'up'],
  'scale down': ['stop', 'remove'],
} as const satisfies Record<string, readonly Step[]>;
export type SteppedChange = keyof typeof steppedChanges;

export const rowsOf = (): { change: SteppedChange; step: Step }[] =>
  Object.entries(steppedChanges).flatMap(([change, steps]) =>
    steps.map((step) => ({ change: change as SteppedChange, step })),
  );

export const isScale = (change: SteppedChange): boolean => change.startsWith('scale');

export interface SteppedApp extends AsyncDisposable {
  platform: TestPlatform;
  name: string;
  /**
   * Brings the app where the change can be made, begins it, and returns when the victim (see end-at-step.mjs) was ended.
   * `made` resolves when whoever asked for the change has their answer: of a push how it ended, else nothing.
   */
  endAt(step: Step, change: SteppedChange, victim: string): Promise<{ made: Promise<Result | undefined> }>;
  /**
   * Waits until what is said runs (see truth.ts), and the branch is at what was deployed last. How many web processes that
   * are follows from the last change.
   */
  whatIsSaidRuns(): Promise<number>;
}

/** Deployed, with two web processes. */
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
    await must(platform.cli(['ps:scale', 'web=2', '-a', name]));
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
  repository: Awaited<ReturnType<TestPlatform['createApp']>>,
  armFile: string,
): Pick<SteppedApp, 'endAt' | 'whatIsSaidRuns'> {
  let count = 0;
  let web = 2;
  const scale = (quantity: number): Promise<unknown> =>
    platform.api('PATCH', `/apps/${name}/formation`, { updates: [{ type: 'web', quantity }] });
  async function runs(): Promise<number> {
    const version = await whatIsSaidRuns(platform, name, web);
    const releases = await releasesOf(platform, name);
    const deployed = releases.find((one) => one.status === 'succeeded' && /^Deploy /.test(one.description));
    await eventually(
      async () => (await must(repository.git('ls-remote', 'platform', 'refs/heads/main'))).stdout,
      (branch) => `Deploy ${branch.slice(0, 8)}` === deployed?.description,
    );
    return version;
  }

  const changes: Record<SteppedChange, () => Promise<unknown>> = {
    push: async () => {
      await repository.commit({ 'note.txt': String(count) });
      return platform.git(['push', '-f', 'platform', 'main'], { cwd: repository.folder });
    },
    config: () => platform.api('PATCH', `/apps/${name}/config-vars`, { COUNT: String(count) }),
    rollback: async () => {
      const { body } = await platform.api<
        { version: number; eligible_for_rollback: boolean; current: boolean }[]
      >('GET', `/apps/${name}/releases`, undefined, { Range: 'version ..; order=desc' });
      const target = body.find((one) => one.eligible_for_rollback && !one.current);
      await platform.api('POST', `/apps/${name}/releases`, { release: String(target?.version) });
    },
    'scale up': () => scale(2),
    'scale down': () => scale(1),
  };

  return {
    whatIsSaidRuns: runs,
    async endAt(step, change, victim) {
      count++;
      web = change === 'scale up' ? 1 : 2;
      await scale(web);
      await runs();
      if (isScale(change)) web = 3 - web;
      writeFileSync(armFile, `${step} ${victim}`);
      const made = changes[change]().then(
        (result) => (change === 'push' ? (result as Result) : undefined),
        () => undefined,
      );
      await eventually(
        () => existsSync(armFile),
        (armed) => !armed,
      );
      return { made };
    },
  };
}
