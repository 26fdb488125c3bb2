import { expect, it } from 'vitest';
import { release, scriptedApi, start, twelve } from './scripted.ts';

const changed = { headers: { 'Twelve-Release': '9' }, body: { GREETING: 'hi' } };

it('follows a config change until its release serves', async () => {
  let asked = 0;
  await using api = await scriptedApi({
    'PATCH /apps/hello/config-vars': changed,
    'GET /apps/hello/releases/9': () => ({
      body: release(9, { status: ++asked < 2 ? 'pending' : 'succeeded' }),
    }),
  });
  const set = await twelve(['config:set', 'GREETING=hi=there', 'EMPTY=', '-a', 'hello'], { url: api.url });
  expect(set).toEqual({
    status: 0,
    out: '',
    err: 'Setting GREETING, EMPTY and restarting hello... done, v9\n',
  });
  expect(api.asked[0]!.body).toEqual({ GREETING: 'hi=there', EMPTY: '' });
  expect(api.asked[1]!.path).toBe('/apps/hello/releases/9?wait=25');
  const unset = await twelve(['config:unset', 'GREETING', '-a', 'hello'], { url: api.url });
  expect(unset.err).toBe('Unsetting GREETING and restarting hello... done, v9\n');
  expect(api.asked.find((one) => one.method === 'PATCH' && 'GREETING' in (one.body as object))).toBeDefined();
});

it('says when a change changes nothing', async () => {
  await using api = await scriptedApi({ 'PATCH /apps/hello/config-vars': { body: { A: '1' } } });
  const { status, err } = await twelve(['config:set', 'A=1', '-a', 'hello'], { url: api.url });
  expect({ status, err }).toEqual({
    status: 0,
    err: 'Setting A and restarting hello... done, nothing changed\n',
  });
});

it('says why a release failed and what serves instead', async () => {
  const reason = 'web.1 exited with status 1 while booting. Its last lines:\n  boom';
  await using api = await scriptedApi({
    'PATCH /apps/hello/config-vars': changed,
    'GET /apps/hello/releases/9': { body: release(9, { status: 'failed', reason, serves: 8 }) },
  });
  const { status, err } = await twelve(['config:set', 'A=1', '-a', 'hello'], { url: api.url });
  expect(status).toBe(1);
  expect(err).toBe(
    [
      'Setting A and restarting hello... failed, v9',
      ' !     web.1 exited with status 1 while booting. Its last lines:',
      ' !       boom',
      ' !     not applied: v9 failed, v8 serves',
      '',
    ].join('\n'),
  );
});

it('follows the release that superseded it', async () => {
  await using api = await scriptedApi({
    'PATCH /apps/hello/config-vars': changed,
    'GET /apps/hello/releases/9': { body: release(9, { status: 'expired' }) },
    'GET /apps/hello/releases/10': { body: release(10, { status: 'expired' }) },
    'GET /apps/hello/releases/11': { body: release(11) },
  });
  const { status, err } = await twelve(['config:set', 'A=1', '-a', 'hello'], { url: api.url });
  expect(status).toBe(0);
  expect(err).toContain('v9 was superseded by v10');
  expect(err).toContain('v10 was superseded by v11');
  expect(err.trimEnd()).toMatch(/Following v11 of hello... done, v11$/);
});

it('says on Ctrl-C that the release goes on, and ends with 130', async () => {
  await using api = await scriptedApi({
    'PATCH /apps/hello/config-vars': changed,
    'GET /apps/hello/releases/9': () => undefined,
  });
  const run = start(['config:set', 'A=1', '-a', 'hello'], { url: api.url });
  await run.until(() => api.asked.length === 2);
  run.signals.emit('SIGINT');
  expect(await run.ended).toBe(130);
  expect(run.err()).toContain(
    'v9 goes on without us. See what becomes of it: twelve releases:info v9 -a hello',
  );
  expect(run.signals.listenerCount('SIGINT')).toBe(0);
});

it('waits for a server that is restarted meanwhile, and says so once', async () => {
  await using api = await scriptedApi({
    'PATCH /apps/hello/config-vars': changed,
    'GET /apps/hello/releases/9': () => {
      asked = true;
      return restarted ? { body: release(9) } : undefined;
    },
  });
  let asked = false;
  let restarted = false;
  const run = start(['config:set', 'A=1', '-a', 'hello'], { url: api.url });
  await run.until(() => asked);
  await api.stop();
  await run.until(() => run.err().includes('does not answer at the moment'));
  restarted = true;
  await api.start();
  expect(await run.ended).toBe(0);
  expect(run.err().match(/does not answer/g)).toHaveLength(1);
  expect(run.err()).toMatch(/Waiting for it\.\nSetting A and restarting hello\.\.\. done, v9\n$/);
});

it('rolls back to a named release, or to the one that served before', async () => {
  const list = [9, 8, 7, 6].map((version) =>
    release(version, {
      eligible_for_rollback: version !== 9,
      status: version === 9 ? 'failed' : 'succeeded',
    }),
  );
  await using api = await scriptedApi({
    'GET /apps/hello/releases': { body: list },
    'GET /apps/hello/releases/10': { body: release(10) },
    'POST /apps/hello/releases': { status: 201, body: release(10, { status: 'pending' }) },
  });
  const named = await twelve(['rollback', 'v3', '-a', 'hello'], { url: api.url });
  expect(named).toMatchObject({ status: 0, err: 'Rolling back hello to v3... done, v10\n' });
  const before = await twelve(['rollback', '-a', 'hello'], { url: api.url });
  expect(before.err).toBe('Rolling back hello to v7... done, v10\n');
  const posts = api.asked.filter((asked) => asked.method === 'POST');
  expect(posts.map((post) => post.body)).toEqual([{ release: '3' }, { release: '7' }]);
});

it('builds the deployed commit again: streams the output over a break, then follows the release', async () => {
  let attempt = 0;
  const build = (status: string) => ({
    id: 'b1',
    status,
    output_stream_url: `${api.url}/outputs/b1`,
    source_blob: { version: 'abcdef0123456789' },
    release: status === 'succeeded' ? { id: 'id-9' } : null,
  });
  await using api = await scriptedApi({
    'POST /apps/hello/actions/redeploy': () => ({ status: 201, body: build('pending') }),
    'GET /outputs/b1': (_, response) => {
      attempt++;
      if (attempt === 1) return { status: 404 };
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      if (attempt > 2) return void response.end('-----> Node\n       grüße\n');
      response.write('-----> Node\n       gr');
      setTimeout(() => response.destroy(), 20);
      return undefined;
    },
    'GET /apps/hello/builds/b1': () => ({ body: build('succeeded') }),
    'GET /apps/hello/releases/id-9': { body: release(9) },
    'GET /apps/hello/releases/9': { body: release(9) },
  });
  const { status, out, err } = await twelve(['redeploy', '-a', 'hello'], { url: api.url });
  expect({ status, out }).toEqual({ status: 0, out: '-----> Node\n       grüße\n' });
  expect(err).toContain('Redeploying hello... done, abcdef01\n');
  expect(err).toContain('Releasing v9 of hello... done, v9');
  expect(api.asked.find((asked) => asked.path === '/outputs/b1')!.headers.authorization).toBeUndefined();
});

it('says that a build failed', async () => {
  const build = (status: string) => ({
    id: 'b1',
    status,
    output_stream_url: `${api.url}/outputs/b1`,
    source_blob: { version: 'abc' },
    release: null,
  });
  await using api = await scriptedApi({
    'POST /apps/hello/actions/redeploy': () => ({ status: 201, body: build('pending') }),
    'GET /outputs/b1': { headers: { 'Content-Type': 'text/plain' }, body: ' !     no lock file\n' },
    'GET /apps/hello/builds': () => ({ body: [build('failed')] }),
    'GET /apps/hello/builds/b1': () => ({ body: build('failed') }),
  });
  const again = await twelve(['redeploy', '-a', 'hello'], { url: api.url });
  expect(again).toMatchObject({ status: 1, out: ' !     no lock file\n' });
  expect(again.err).toContain('The build failed. What serves goes on.');
  const output = await twelve(['builds:output', '-a', 'hello'], { url: api.url });
  expect(output).toMatchObject({ status: 1, out: ' !     no lock file\n', err: ' !     Build b1 failed.\n' });
});
