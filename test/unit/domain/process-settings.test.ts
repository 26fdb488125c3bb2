// ps:set: keys, values, defaults, and what refuses them.
import { expect, it } from 'vitest';
import { changeSettings, listSettings, settingsOf } from '../../../platform/domain/process-settings.ts';

it('web overlaps and others replace, all start at once, and the release command runs for deploys', () => {
  const usual = settingsOf({});
  expect([usual.rollout('web'), usual.rollout('worker')]).toEqual(['overlap', 'replace']);
  expect([usual.checks('web'), usual.parallel]).toEqual([true, Number.POSITIVE_INFINITY]);
  expect([usual.releaseOn('config'), usual.releaseOn('rollback')]).toEqual([false, false]);
  expect([usual.bootTimeoutMs, usual.stopTimeoutMs]).toEqual([null, null]);
});

it('what is set counts, of one type before that of all', () => {
  const written = changeSettings(
    {},
    {
      'rollout.worker': 'Overlap',
      checks: 'off',
      'checks.web': 'on',
      parallel: '2',
      'release-on': 'deploy,config',
      'boot-timeout': '90',
      'stop-timeout': '5',
    },
  );
  const set = settingsOf(written);
  expect([set.rollout('worker'), set.checks('web'), set.checks('worker')]).toEqual(['overlap', true, false]);
  expect([set.parallel, set.releaseOn('config'), set.releaseOn('rollback')]).toEqual([2, true, false]);
  expect([set.bootTimeoutMs, set.stopTimeoutMs]).toEqual([90_000, 5000]);
});

it('an empty value takes a key back to its default', () => {
  expect(changeSettings({ parallel: '2', checks: 'off' }, { parallel: '' })).toEqual({ checks: 'off' });
});

it('lists what an app with these types has', () => {
  const listed = listSettings({ 'rollout.web': 'replace', 'rollout.gone': 'overlap' }, ['web']);
  expect(listed.map((one) => `${one.key}=${one.value}${one.isSet ? '!' : ''}`)).toEqual([
    'rollout.web=replace!',
    'checks.web=on',
    'parallel=all',
    'release-on=deploy',
    'boot-timeout=default',
    'stop-timeout=default',
    'rollout.gone=overlap!',
  ]);
});

it.each([
  [
    { paralel: '2' },
    'There is no setting "paralel". Settings: rollout.<type>, checks, checks.<type>, parallel',
  ],
  [{ rollout: 'overlap' }, 'There is no setting "rollout"'],
  [{ 'parallel.web': '2' }, 'There is no setting "parallel.web"'],
  [{ 'rollout.release': 'overlap' }, 'There is no setting "rollout.release"'],
  [{ constructor: 'x' }, 'There is no setting "constructor"'],
  [{ 'rollout.web': 'both' }, 'rollout.web does not take "both". It takes overlap or replace.'],
  [{ parallel: '0' }, 'It takes a number of processes from 1 to 1000, or all.'],
  [{ 'release-on': 'config' }, 'It takes deploy, alone or with config and rollback'],
  [{ 'release-on': 'deploy,push' }, 'It takes deploy, alone'],
  [{ 'boot-timeout': '1.5' }, 'It takes seconds from 1 to 3600'],
])('refuses %j', (change, sentence) => {
  expect(() => changeSettings({}, change as unknown as Record<string, string>)).toThrow(sentence);
});
