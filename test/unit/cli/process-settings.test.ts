// ps:set: what it sends and shows.
import { expect, it } from 'vitest';
import { scriptedApi, twelve } from './scripted.ts';

const settings = [
  { key: 'rollout.web', value: 'replace', set: true, from: 'ps:set' },
  { key: 'checks.web', value: 'off', set: false, from: 'app.json' },
  { key: 'parallel', value: 'all', set: false, from: 'default' },
];

it('shows every setting, and says whose word those are that were not set', async () => {
  await using api = await scriptedApi({ 'GET /apps/hello/process-settings': { body: settings } });
  const shown = await twelve(['ps:set', '-a', 'hello'], { url: api.url });
  expect(shown.out.split('\n').map((line) => line.trim().split(/ +/))).toEqual([
    ['rollout.web', 'replace'],
    ['checks.web', 'off', '(app.json)'],
    ['parallel', 'all', '(default)'],
    [''],
  ]);
  const json = await twelve(['ps:set', '--json', '-a', 'hello'], { url: api.url });
  expect(JSON.parse(json.out)).toEqual(settings);
});

it('sends all keys at once; an empty value takes one back', async () => {
  await using api = await scriptedApi({ 'PATCH /apps/hello/process-settings': { body: settings } });
  const changed = await twelve(['ps:set', 'rollout.web=replace', 'parallel=', '-a', 'hello'], {
    url: api.url,
  });
  expect(changed).toMatchObject({ status: 0, err: 'Setting rollout.web, parallel of hello... done\n' });
  expect(api.asked.map(({ body }) => body)).toEqual([{ 'rollout.web': 'replace', parallel: '' }]);
});

it('a word that sets nothing is refused before anything is asked', async () => {
  await using api = await scriptedApi({});
  const refused = await twelve(['ps:set', 'parallel', '-a', 'hello'], { url: api.url });
  expect(refused.status).toBe(2);
  expect(refused.err).toContain('"parallel" is not KEY=value');
  expect(api.asked).toEqual([]);
});
