import { expect, it } from 'vitest';
import { incompatibility } from '../../../platform/cli/compatibility.ts';
import { apiLevel } from '../../../platform/domain/api-level.ts';
import { scriptedApi, twelve } from './scripted.ts';

const own = { level: 2, version: '0.4.0' };
const judged = (headers: Record<string, string>) => incompatibility('http://server', headers, own);

it('understands a server of its own level, whatever its version, and one that tells nothing', () => {
  expect(judged({ 'twelve-api-level': '2', 'twelve-version': '0.9.0' })).toBeUndefined();
  expect(judged({})).toBeUndefined();
  expect(judged({ 'twelve-api-level': 'soon' })).toBeUndefined();
});

it('says which side to upgrade', () => {
  expect(judged({ 'twelve-api-level': '1', 'twelve-version': '0.1.0' })).toBe(
    'http://server runs Twelve 0.1.0, which is too old for this command line (0.4.0). Upgrade the server, or use the command line of its version.',
  );
  expect(judged({ 'twelve-api-level': '3', 'twelve-version': '1.0.0' })).toBe(
    "http://server runs Twelve 1.0.0, which is too new for this command line (0.4.0). Upgrade the command line to the server's version.",
  );
});

it('tells its level with each request, and ends at an answer of another one', async () => {
  await using api = await scriptedApi({
    'GET /apps': {
      headers: { 'Twelve-Api-Level': String(apiLevel + 1), 'Twelve-Version': '9.0.0' },
      body: [],
    },
  });
  const ended = await twelve(['apps'], { url: api.url });
  expect(ended).toMatchObject({ status: 1, out: '' });
  expect(ended.err).toMatch(/runs Twelve 9\.0\.0, which is too new for this command line/);
  expect(api.asked[0]!.headers['twelve-api-level']).toBe(String(apiLevel));
});
