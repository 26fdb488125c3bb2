// The server and the router killed at every named step of every kind of change: afterwards what is said is what runs.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploySteps, processSteps, releaseSteps, type Step } from '../../platform/domain/steps.ts';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { whatIsSaidRuns } from '../support/truth.ts';
import { eventually } from '../support/wait.ts';

const app = 'stepped';
const folder = mkdtempSync(join(tmpdir(), 'twelve-steps-'));
const armFile = join(folder, 'step');
let platform: TestPlatform;
let repository: AppRepository;
let count = 0;

beforeAll(async () => {
  platform = await startPlatform({
    TWELVE_STOP_TIMEOUT: '3',
    TWELVE_DRAIN_TIMEOUT: '3',
    TWELVE_TEST_STEP: armFile,
    NODE_OPTIONS: `--import ${join(import.meta.dirname, '../support/end-at-step.mjs')}`,
  });
  repository = await platform.createApp(app, 'misbehaving', {
    files: { Procfile: 'web: node server.js\nrelease: true\n' },
  });
  await platform.push(repository);
  await must(platform.cli(['ps:scale', 'web=2', '-a', app]));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const changes: Record<string, { steps: readonly Step[]; make(): Promise<unknown> }> = {
  push: {
    steps: [...deploySteps, ...releaseSteps, ...processSteps],
    make: async () => {
      await repository.commit({ 'note.txt': String(count) });
      await platform.git(['push', '-f', 'platform', 'main'], { cwd: repository.folder });
    },
  },
  config: {
    // Without new code there is no release command to wait for, but its step is passed.
    steps: [...releaseSteps, ...processSteps],
    make: () => platform.api('PATCH', `/apps/${app}/config-vars`, { COUNT: String(count) }),
  },
  rollback: {
    steps: [...releaseSteps, ...processSteps],
    make: async () => {
      const version = await whatIsSaidRuns(platform, app, 2);
      const { body } = await platform.api<
        { version: number; eligible_for_rollback: boolean; current: boolean }[]
      >('GET', `/apps/${app}/releases`, undefined, { Range: 'version ..; order=desc' });
      const target = body.find((one) => one.eligible_for_rollback && one.version !== version);
      await platform.api('POST', `/apps/${app}/releases`, { release: String(target?.version) });
    },
  },
  'scale up': {
    steps: ['create', 'start', 'up'],
    make: () => platform.api('PATCH', `/apps/${app}/formation`, { updates: [{ type: 'web', quantity: 2 }] }),
  },
  'scale down': {
    steps: ['stop', 'remove'],
    make: () => platform.api('PATCH', `/apps/${app}/formation`, { updates: [{ type: 'web', quantity: 1 }] }),
  },
};

// A config change passes every step that a rollback and the rest of a push pass; the long run walks those too.
const full = process.env['TWELVE_TESTS'] === 'full';
const rows = Object.entries(changes).flatMap(([change, { steps }]) =>
  steps
    .filter(
      (step) =>
        full || change === 'config' || change.startsWith('scale') || deploySteps.some((one) => one === step),
    )
    .flatMap((step) => [
      { change, step, victim: 'server' },
      ...(full || step === 'switch' || step === 'up' ? [{ change, step, victim: 'router' }] : []),
    ]),
);

async function wantedBefore(change: string): Promise<number> {
  if (!change.startsWith('scale')) return 2;
  const quantity = change === 'scale up' ? 1 : 2;
  await platform.api('PATCH', `/apps/${app}/formation`, { updates: [{ type: 'web', quantity }] });
  await whatIsSaidRuns(platform, app, quantity);
  return change === 'scale up' ? 2 : 1;
}

test.each(rows)('$change, $victim ended at step $step', async ({ change, step, victim }) => {
  count++;
  const web = await wantedBefore(change);
  if (!change.startsWith('scale')) {
    await platform.api('PATCH', `/apps/${app}/formation`, { updates: [{ type: 'web', quantity: 2 }] });
    await whatIsSaidRuns(platform, app, 2);
  }
  const [router] = await platform.containers(undefined, 'router');
  writeFileSync(armFile, `${step} ${victim} ${router!.id}`);
  const made = changes[change]!.make().catch(() => undefined);
  await eventually(
    () => existsSync(armFile),
    (armed) => !armed,
  );
  if (victim === 'server') {
    await platform.kill9();
    await platform.startAgain();
  }
  await made;
  await whatIsSaidRuns(platform, app, web);
  expect(existsSync(armFile)).toBe(false);
});
