// The server, the router and processes killed at every named step of every kind of change: afterwards what was said is what runs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { branchSteps, deploySteps, type Step } from '../../platform/domain/steps.ts';
import { must } from '../support/app-repository.ts';
import {
  createSteppedApp,
  isOfProcesses,
  mayFail,
  rowsOf,
  type SteppedApp,
  type SteppedChange,
} from '../support/stepped-app.ts';

let app: SteppedApp;

beforeAll(async () => {
  app = await createSteppedApp('misbehaving', {
    Procfile: `web: ${mayFail} exec node server.js\nrelease: true\n`,
  });
});
afterAll(() => app?.[Symbol.asyncDispose]());

/** process: one that ran before. newest: the newest one that runs. */
type Victim = 'server' | 'router' | 'process' | 'newest';
interface Row {
  change: SteppedChange;
  step: Step;
  victim: Victim;
}

const full = process.env['TWELVE_TESTS'] === 'full';
const isOfBranch = (step: Step): boolean => (branchSteps as readonly Step[]).includes(step);
// Once its release exists, a push differs by its branch, which has to follow.
const ofPush: readonly Step[] = [...deploySteps, 'appended', 'retire', 'answered'];

/** A config change passes every step that a rollback and the rest of a push pass. */
function isQuick({ change, step, victim }: Row): boolean {
  if (victim === 'newest') return step === 'up' && ['config', 'scale up', 'restart'].includes(change);
  if (victim === 'process') return step === 'switch' && change === 'config';
  if (victim === 'router')
    return step === 'switch' ? change === 'config' : step === 'up' && ['config', 'scale up'].includes(change);
  if (change.endsWith('that fails')) return change === 'scale that fails' && step === 'back';
  if (change === 'resize' || change === 'restart') return step === 'up';
  return change !== 'push' || ofPush.includes(step);
}

const ofApp: readonly Victim[] = ['process', 'newest'];
const victims: readonly Victim[] = ['server', 'router', ...ofApp];
const rows = rowsOf()
  .flatMap((row) => victims.map((victim): Row => ({ ...row, victim })))
  // The branch is git's matter alone.
  .filter(({ step, victim }) => victim === 'server' || !isOfBranch(step))
  // What a push and a rollback do with processes a config change does, too.
  .filter(({ change, victim }) => !ofApp.includes(victim) || !['push', 'rollback'].includes(change))
  // What would have to start again could not.
  .filter(
    ({ change, victim }) =>
      !ofApp.includes(victim) || change === 'scale that fails' || !change.endsWith('that fails'),
  )
  // Those that ran before have ended when one is removed.
  .filter(({ step, victim }) => victim !== 'process' || step !== 'remove')
  .filter((row) => full || (row.change !== 'rollback' && isQuick(row)));

async function whichOf(victim: Victim): Promise<string> {
  const { platform, name } = app;
  if (victim === 'server') return victim;
  if (victim === 'newest') return `${victim} ${name}`;
  const [one] = await platform.containers(undefined, victim);
  return `${victim} ${one!.id}`;
}

test.each(rows)('$change, $victim ended at step $step', async ({ change, step, victim }) => {
  const { platform, name } = app;
  // It stays, and was killed by the row before, too: its next attempt would wait ever longer.
  if (victim === 'newest' && change.startsWith('scale')) await must(platform.cli(['ps:restart', '-a', name]));
  const begun = await app.endAt(step, change, () => whichOf(victim));
  if (victim === 'server') {
    await platform.kill9();
    await platform.startAgain();
  }
  const said = await app.toldTheTruth(begun);
  // What was asked of a server that lives on has an answer.
  if (victim !== 'server') expect(said).not.toBe('lost');
  // What did not become of it is told by process, code, state and last lines.
  const { stderr } = await begun.made;
  if (change.endsWith('that fails') && said === 'not done' && ['server', 'router'].includes(victim))
    expect(stderr).toMatch(
      /Error H10 \(App crashed\): web\.\d exited with status 4 before it was ready\..*Last lines:.*last words: \w+/s,
    );
  else if (victim === 'newest' && said === 'not done')
    expect(stderr).toMatch(/web\.\d exited with status (137|4)/);
  // A process that ran before has nothing to do with it: another one comes in its place.
  if (victim === 'process' && !isOfProcesses(change)) expect(said).toBe('done');
});
