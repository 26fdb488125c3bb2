// api: any request, and its answer as it is.
import { expect, it } from 'vitest';
import { scriptedApi, twelve } from './scripted.ts';

it('sends what it is given, and ends as the answer says', async () => {
  await using api = await scriptedApi({
    'GET /apps': { body: [{ name: 'hello' }] },
    'PATCH /apps/hello': { body: { name: 'hey' } },
    'POST /apps': { status: 422, body: { id: 'invalid_params', message: 'The name is taken.' } },
    'GET /broken': { status: 503, body: { id: 'service_unavailable', message: 'Not now.' } },
  });
  const { url } = api;
  expect(await twelve(['api', '/apps'], { url })).toMatchObject({ status: 0, out: '[{"name":"hello"}]\n' });
  const shown = await twelve(['api', 'GET', '/apps', '-i'], { url, terminal: true });
  expect(shown.out).toMatch(/^HTTP 200\n/);
  expect(shown.out).toContain('    "name": "hello"\n');
  await twelve(['api', 'patch', '/apps/hello', '-H', 'X-One: a: b', '-d', '{"name":"hey"}'], { url });
  expect(api.asked.at(-1)).toMatchObject({
    method: 'PATCH',
    body: { name: 'hey' },
    headers: { 'x-one': 'a: b' },
  });
  const refused = await twelve(['api', 'POST', '/apps'], { url, input: '{"name":"hello"}' });
  expect(refused).toMatchObject({ status: 4, err: ' !     The name is taken.\n' });
  expect(refused.out).toContain('"invalid_params"');
  expect(api.asked.at(-1)).toMatchObject({ body: { name: 'hello' } });
  expect(await twelve(['api', '/broken'], { url })).toMatchObject({ status: 5 });
  // Not read from standard input then.
  await twelve(['api', 'PATCH', '/apps/hello', '-d', ''], { url, input: '{"name":"other"}' });
  expect(api.asked.at(-1)).toMatchObject({ method: 'PATCH', body: undefined });
});

it('takes a list page by page, or says that there is more', async () => {
  await using api = await scriptedApi({
    'GET /apps': ({ headers }) =>
      headers.range === 'name ]a..; max=1'
        ? { body: [{ name: 'b' }] }
        : { status: 206, headers: { 'Next-Range': 'name ]a..; max=1' }, body: [{ name: 'a' }] },
  });
  const first = await twelve(['api', '/apps'], { url: api.url });
  expect(first.err).toContain("-H 'Range: name ]a..; max=1'");
  const all = await twelve(['api', '/apps', '--all'], { url: api.url });
  expect(JSON.parse(all.out)).toEqual([{ name: 'a' }, { name: 'b' }]);
});

it.each([
  [['api', 'BREW', '/apps'], '"BREW" is not a method'],
  [['api', 'apps'], 'begins with a slash: twelve api GET /apps'],
  [['api', '/apps', '-H', 'x'], '"x" is not a header'],
  [['api', '/apps', '-H', 'X-One: \u2713'], '"X-One: \u2713" is not a header'],
])('refuses %j', async (argv, sentence) => {
  expect((await twelve(argv)).err).toContain(sentence);
});
