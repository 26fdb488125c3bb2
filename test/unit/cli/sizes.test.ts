// ps:resize: what it understands, asks and shows.
import { expect, it } from 'vitest';
import { parseSizeWish } from '../../../platform/cli/commands/sizes.ts';
import { scriptedApi, twelve } from './scripted.ts';

const entry = (type: string, quantity: number, size: string) => ({ type, quantity, size, command: '' });
const named = { headers: { 'Twelve-Change': 'c1' } };

it.each([
  ['web=standard-2x', { type: 'web', size: 'standard-2x' }],
  ['my-worker=Performance-M', { type: 'my-worker', size: 'Performance-M' }],
  ['standard-2x', { type: undefined, size: 'standard-2x' }],
])('understands %s', (word, wish) => {
  expect(parseSizeWish(word)).toEqual(wish);
});

it.each([
  ['web=3', 'Write: twelve ps:scale web=3'],
  ['web+1', 'does not say which size'],
  ['web=', 'does not say which size'],
  ['=standard-2x', 'does not say which size'],
])('refuses "%s"', (word, sentence) => {
  expect(() => parseSizeWish(word)).toThrow(sentence);
});

it('changes the size of the types named, and waits until the processes have it', async () => {
  let asked = 0;
  await using api = await scriptedApi({
    'GET /apps/hello/formation': { body: [entry('web', 1, 'standard-1x'), entry('worker', 0, 'tiny')] },
    'PATCH /apps/hello/formation': { ...named, body: [entry('web', 1, 'standard-2x')] },
    'GET /apps/hello/process-changes/c1': () => ({
      body: { status: asked++ === 0 ? 'pending' : 'succeeded' },
    }),
  });
  const resized = await twelve(['ps:type', 'web=standard-2x', '-a', 'hello'], { url: api.url });
  expect(resized).toMatchObject({
    status: 0,
    err: 'Resizing hello... done, web at 1:standard-2x\n',
  });
  expect(asked).toBe(2);
  const bodies = api.asked.flatMap(({ method, body }) => (method === 'PATCH' ? [body] : []));
  expect(bodies).toEqual([{ updates: [{ type: 'web', size: 'standard-2x' }] }]);
});

it.each([
  ['ps:resize web=standard-2x', 'web at 3:tiny'],
  ['ps:scale web=2', 'now running web at 3:tiny'],
])('%s tells what holds when another change came on top of it', async (command, told) => {
  await using api = await scriptedApi({
    'GET /apps/hello/formation': { body: [entry('web', 3, 'tiny'), entry('worker', 1, 'tiny')] },
    'PATCH /apps/hello/formation': { ...named, body: [entry('web', 2, 'standard-2x')] },
    'GET /apps/hello/process-changes/c1': { body: { status: 'expired', superseded_by: { id: 'c2' } } },
    'GET /apps/hello/process-changes/c2': { body: { status: 'succeeded' } },
  });
  const { status, err } = await twelve([...command.split(' '), '-a', 'hello'], { url: api.url });
  expect(status).toBe(0);
  expect(err).toContain(`done, ${told}\n`);
});

it('a size alone is for every type; two for one type are refused before anything is asked for', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello/formation': { body: [entry('web', 0, 'tiny'), entry('worker', 0, 'tiny')] },
    'PATCH /apps/hello/formation': { ...named, body: [] },
    'GET /apps/hello/process-changes/c1': { body: { status: 'succeeded' } },
  });
  expect(await twelve(['resize', 'tiny', '-a', 'hello'], { url: api.url })).toMatchObject({ status: 0 });
  const patch = api.asked.find(({ method }) => method === 'PATCH');
  expect(patch?.body).toEqual({
    updates: [
      { type: 'web', size: 'tiny' },
      { type: 'worker', size: 'tiny' },
    ],
  });
  const refused = await twelve(['ps:resize', 'tiny', 'web=tiny', '-a', 'hello'], { url: api.url });
  expect(refused).toMatchObject({ status: 2, err: expect.stringContaining('web gets more than one size') });
  expect(api.asked.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
});

it('without arguments shows the sizes of the types, and every size there is', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello/formation': { body: [entry('web', 2, 'standard-1x')] },
    'GET /dyno-sizes': {
      body: [
        { name: 'standard-1x', memory: 0.5, compute: 1, pids: 256, open_files: 10_000 },
        { name: 'tiny', memory: 0.0625, compute: 0.1 },
      ],
    },
  });
  const shown = await twelve(['ps:resize', '-a', 'hello'], { url: api.url });
  expect(shown.out.split('\n')).toEqual([
    'type  size         quantity',
    'web   standard-1x  2',
    '',
    'size         memory  cpu share  processes  open files',
    'standard-1x  512 MB  1          256        10000',
    'tiny         64 MB   0.1        -          -',
    '',
  ]);
  const json = await twelve(['ps:resize', '--json', '-a', 'hello'], { url: api.url });
  expect(JSON.parse(json.out)).toEqual([entry('web', 2, 'standard-1x')]);
});
