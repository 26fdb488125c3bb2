// The server and the router killed at every named step of every kind of change: afterwards what was said is what runs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { branchSteps, deploySteps, type Step } from '../../platform/domain/steps.ts';
import { createSteppedApp, isScale, rowsOf, type SteppedApp } from '../support/stepped-app.ts';

let app: SteppedApp;

beforeAll(async () => {
  app = await createSteppedApp('misbehaving', { Procfile: 'web: node server.js\nrelease: true\n' });
});
afterAll(() => app?.[Symbol.asyncDispose]());

const full = process.env['TWELVE_TESTS'] === 'full';
const isOfBranch = (step: Step): boolean => (branchSteps as readonly Step[]).includes(step);
// Once its release exists, a push differs by its branch, which has to follow.
const ofPush: readonly Step[] = [...deploySteps, 'appended', 'retire', 'answered'];
// A config change passes every step that a rollback and the rest of a push pass; the long run walks those too.
const rows = rowsOf()
  .filter(
    ({ change, step }) =>
      full || change === 'config' || isScale(change) || (change === 'push' && ofPush.includes(step)),
  )
  .flatMap((row) => [
    { ...row, victim: 'server' },
    // The branch is git's matter alone.
    ...((full && !isOfBranch(row.step)) || row.step === 'switch' || row.step === 'up'
      ? [{ ...row, victim: 'router' }]
      : []),
  ]);

test.each(rows)('$change, $victim ended at step $step', async ({ change, step, victim }) => {
  const { platform } = app;
  const [router] = await platform.containers(undefined, 'router');
  const begun = await app.endAt(step, change, victim === 'server' ? victim : `${victim} ${router!.id}`);
  if (victim === 'server') {
    await platform.kill9();
    await platform.startAgain();
  }
  const said = await app.toldTheTruth(begun);
  // What was asked of a server that lives on has an answer.
  if (victim === 'router') expect(said).not.toBe('lost');
});
