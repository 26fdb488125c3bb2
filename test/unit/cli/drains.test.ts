// drains: what is asked of the API, and what is shown.
import { expect, it } from 'vitest';
import { scriptedApi, twelve } from './scripted.ts';

const one = {
  ...{ id: 'one', url: 'syslog+tls://logs.example:6514', token: 'd.1', insecure: false },
  ...{ lag: 3, delivered: 1200, lost: 0, failure: null },
};
const other = { ...one, id: 'two', url: 'https://***@logs.example', token: 'd.22', lost: 17 };

it('lists them with how they stand, and what is wrong below', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello/log-drains': {
      body: [one, { ...other, failure: 'The receiver answers with status 503.' }],
    },
  });
  expect(await twelve(['drains', '-a', 'hello'], { url: api.url })).toEqual({
    status: 0,
    out: [
      'url                             token  lag  delivered  lost',
      'syslog+tls://logs.example:6514  d.1    3    1200       0',
      'https://***@logs.example        d.22   3    1200       17',
      '',
    ].join('\n'),
    err: ' !     Warning: https://***@logs.example: The receiver answers with status 503.\n',
  });
});

it('shows what it does not know as such, and that there are none', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello/log-drains': { body: [{ ...one, lag: null, delivered: null, lost: null }] },
    'GET /apps/bare/log-drains': { body: [] },
  });
  expect((await twelve(['drains', '-a', 'hello'], { url: api.url })).out).toMatch(/d\.1 +- +- +-\n/);
  expect((await twelve(['drains', '-a', 'bare'], { url: api.url })).err).toBe('bare has no log drains.\n');
});

it('adds one, with any certificate when asked for, and shows what the server shows of it', async () => {
  await using api = await scriptedApi({ 'POST /apps/hello/log-drains': { status: 201, body: other } });
  const added = await twelve(['drains:add', 'https://ada:secret@logs.example', '-a', 'hello'], {
    url: api.url,
  });
  expect(added).toEqual({
    status: 0,
    out: '',
    err: 'Adding a log drain to hello... done, https://***@logs.example (d.22)\n',
  });
  await twelve(['drains:add', 'https://logs.example', '--insecure', '-a', 'hello'], { url: api.url });
  expect(api.asked.map(({ body }) => body)).toEqual([
    { url: 'https://ada:secret@logs.example' },
    { url: 'https://logs.example', insecure: true },
  ]);
});

it('removes one by its URL', async () => {
  const path = '/apps/hello/log-drains/syslog%2Btls%3A%2F%2Flogs.example%3A6514';
  await using api = await scriptedApi({ [`DELETE ${path}`]: { body: one } });
  const removed = await twelve(['drains:remove', one.url, '-a', 'hello'], { url: api.url });
  expect(removed.err).toBe('Removing a log drain from hello... done, syslog+tls://logs.example:6514\n');
});
