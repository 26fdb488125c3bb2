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

it("what ps:set says, even of all types, goes before app.json's word of one", () => {
  const declared = { 'checks.web': 'on', 'rollout.worker': 'overlap', order: 'worker,web' };
  const both = settingsOf({ checks: 'off', order: 'default' }, declared);
  expect([both.checks('web'), both.rollout('worker'), both.order]).toEqual([false, 'overlap', []]);
  expect(settingsOf({}, declared).order).toEqual(['worker', 'web']);
});

it('an order keeps the names of types as they are', () => {
  expect(changeSettings({}, { order: ' Worker , web' })).toEqual({ order: 'Worker,web' });
});

it('an empty value takes a key back to its default', () => {
  expect(changeSettings({ parallel: '2', checks: 'off' }, { parallel: '' })).toEqual({ checks: 'off' });
});

it('lists what an app with these types has', () => {
  const declared = { parallel: '2', checks: 'off', 'rollout.web': 'overlap' };
  const listed = listSettings({ 'rollout.web': 'replace', 'rollout.gone': 'overlap' }, ['web'], declared);
  expect(listed.map(({ key, value, from }) => `${key}=${value} ${from}`)).toEqual([
    'rollout.web=replace ps:set',
    'checks.web=off app.json',
    'order=default default',
    'parallel=2 app.json',
    'release-on=deploy default',
    'boot-timeout=default default',
    'stop-timeout=default default',
    'rollout.gone=overlap ps:set',
    'checks=off app.json',
  ]);
});

it.each([
  [
    { paralel: '2' },
    'There is no setting "paralel". Settings: rollout.<type>, checks, checks.<type>, order, parallel',
  ],
  [{ rollout: 'overlap' }, 'There is no setting "rollout"'],
  [{ 'parallel.web': '2' }, 'There is no setting "parallel.web"'],
  [{ 'rollout.release': 'overlap' }, 'There is no setting "rollout.release"'],
  [{ constructor: 'x' }, 'There is no setting "constructor"'],
  [{ 'rollout.web': 'both' }, 'rollout.web does not take "both". It takes overlap or replace.'],
  [{ parallel: '0' }, 'It takes a number of processes from 1 to 1000, or all.'],
  [{ order: 'web,web' }, 'order does not take "web,web". It takes process types in the order'],
  [{ order: 'web;worker' }, 'It takes process types in the order'],
  [{ order: 'release,web' }, 'It takes process types in the order'],
  [{ order: 'web,' }, 'It takes process types in the order'],
  [{ 'order.web': '1' }, 'There is no setting "order.web"'],
  [{ 'release-on': 'config' }, 'It takes deploy, alone or with config and rollback'],
  [{ 'release-on': 'deploy,push' }, 'It takes deploy, alone'],
  [{ 'boot-timeout': '1.5' }, 'It takes seconds from 1 to 3600'],
])('refuses %j', (change, sentence) => {
  expect(() => changeSettings({}, change as unknown as Record<string, string>)).toThrow(sentence);
});
