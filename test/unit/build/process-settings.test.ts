// `process_settings` of app.json: the keys of `ps:set`, and how a build is refused by what is none.
import { expect, it } from 'vitest';
import { parseAppJson } from '../../../platform/build/app-json.ts';
import type { WrittenSettings } from '../../../platform/domain/process-settings.ts';

const read = (process_settings: unknown): WrittenSettings | undefined =>
  parseAppJson(JSON.stringify({ process_settings }), (sentence) => {
    throw new Error(sentence);
  }).declared.settings;

it('has what ps:set takes, as JSON says it best', () => {
  expect(
    read({
      order: ['worker', 'web'],
      parallel: 2,
      checks: false,
      'rollout.worker': 'Overlap',
      'boot-timeout': 90,
    }),
  ).toEqual({
    order: 'worker,web',
    parallel: '2',
    checks: 'off',
    'rollout.worker': 'overlap',
    'boot-timeout': '90',
  });
  expect(read({ 'release-on': ['deploy', 'config'] })).toEqual({ 'release-on': 'deploy,config' });
});

it.each([[undefined], [null], [{}]])('may be left out: %j', (written) => {
  expect(read(written)).toBeUndefined();
});

it.each([
  [[], 'process_settings: it must be an object such as {"rollout.worker": "overlap"}.'],
  ['overlap', 'process_settings: it must be an object'],
  [{ paralel: 2 }, 'process_settings: There is no setting "paralel". Settings: rollout.<type>, checks'],
  [{ rollout: 'overlap' }, 'process_settings: There is no setting "rollout".'],
  [{ 'rollout.release': 'overlap' }, 'There is no setting "rollout.release".'],
  [JSON.parse('{"__proto__": "x"}'), 'There is no setting "__proto__".'],
  [{ parallel: -2 }, 'parallel does not take "-2". It takes a number of processes from 1 to 1000, or all.'],
  [{ parallel: 1e300 }, 'parallel does not take "1e+300".'],
  [{ parallel: true }, 'parallel does not take "on".'],
  [{ parallel: null }, 'process_settings.parallel: it must be a text, a number, true or false, or a list'],
  [{ order: ['web', 'web'] }, 'order does not take "web,web".'],
  [{ order: ['web', 3] }, 'process_settings.order: it must be a text'],
  [{ order: '' }, 'process_settings.order: it is empty.'],
  [{ 'rollout.web': { type: 'overlap' } }, 'process_settings.rollout.web: it must be a text'],
])('refuses %j', (written, sentence) => {
  expect(() => read(written)).toThrow(
    expect.objectContaining({
      code: 'build_failed',
      details: { id: 'E21' },
      message: expect.stringContaining(sentence),
    }),
  );
});
