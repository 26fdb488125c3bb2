import { expect, it } from 'vitest';
import { recordType } from '../../../platform/cli/commands/domains.ts';
import { diffReleases, renderDiff } from '../../../platform/cli/release-diff.ts';
import { renderDynos } from '../../../platform/cli/render-dynos.ts';
import { age, safeForTerminal, size, timeAndAge } from '../../../platform/cli/terminal-text.ts';
import type { Dyno, Release, Slug } from '../../../platform/cli/v3.ts';
import { release, scriptedApi, twelve } from './scripted.ts';

const now = Date.parse('2026-11-23T04:05:00Z');

function dyno(name: string, more: Partial<Dyno> = {}): Dyno {
  return {
    id: name,
    name,
    type: name.split('.')[0]!,
    command: 'npm start',
    size: 'standard-1x',
    state: 'up',
    release: { id: 'r', version: 3 },
    attach_url: null,
    created_at: '2026-11-23T04:00:00Z',
    updated_at: '2026-11-23T04:00:00Z',
    ...more,
  };
}

it('shows processes by type, web first, in the order of their numbers, one-offs apart', () => {
  const at = timeAndAge('2026-11-23T04:00:00Z', now);
  expect(at).toMatch(/^2026\/11\/2[23] \d\d:\d\d:00 [+-]\d{4} \(~ 5m ago\)$/);
  const used = { memory: 41.3 * 1_048_576, memory_limit: 512 * 1_048_576 };
  const text = renderDynos(
    [
      dyno('worker.1', {
        command: 'node\n  worker.js',
        state: 'crashed',
        restarts: 12,
        usage: null,
        code: 'R10',
      }),
      dyno('web.10', { restarts: 3, usage: { ...used, cpu: null } }),
      dyno('web.2', { release: { id: 'r', version: 12 }, restarts: 0, usage: { ...used, cpu: 1.236 } }),
      dyno('run.77', { command: 'bash', code: 'R77' }),
    ],
    now,
  );
  expect(text).toBe(
    [
      '=== run: one-off processes (1)',
      '',
      `run.77 (standard-1x): up ${at}  v3  memory -  cpu -  restarts -  R77: bash`,
      '',
      '=== web (standard-1x): npm start (2)',
      '',
      `web.2: up ${at}  v12  memory 41.3 MB  cpu 124%  restarts 0`,
      `web.10: up ${at}  v3  memory 41.3 MB  cpu -  restarts 3`,
      '',
      '=== worker (standard-1x): node worker.js (1)',
      '',
      `worker.1: crashed ${at}  v3  memory -  cpu -  restarts 12  R10 (Boot timeout)`,
      '',
    ].join('\n'),
  );
});

it('scales, waits until it is so, and says what runs', async () => {
  let asked = 0;
  await using api = await scriptedApi({
    'PATCH /apps/hello/formation': {
      headers: { 'Twelve-Change': 'c1' },
      body: [{ type: 'web', quantity: 1, size: 'standard-1x', command: '' }],
    },
    'GET /apps/hello/process-changes/c1': () => ({
      body: { status: asked++ === 0 ? 'pending' : 'succeeded', reason: null, superseded_by: null },
    }),
    'GET /apps/hello/formation': {
      body: [
        { type: 'web', quantity: 1, size: 'standard-1x', command: '' },
        { type: 'worker', quantity: 0, size: 'standard-2x', command: '' },
      ],
    },
  });
  const scaled = await twelve(['ps:scale', 'web=+1', '-a', 'hello'], { url: api.url });
  expect(scaled).toMatchObject({
    status: 0,
    err: 'Scaling hello... done, now running web at 1:standard-1x\n',
  });
  expect(api.asked[0]!.body).toEqual({ updates: [{ type: 'web', quantity: '+1' }] });
  expect(api.asked[1]!.path).toBe('/apps/hello/process-changes/c1?wait=25');
  expect(asked).toBe(2);
  const shown = await twelve(['scale', '-a', 'hello'], { url: api.url });
  expect(shown.out).toBe('web=1:standard-1x worker=0:standard-2x\n');
});

it('says which process kept a scale from being done, and what holds instead', async () => {
  const reason =
    'web.2 exited with status 1 before it was ready.\nNot applied: as before, web at 1:standard-1x.';
  await using api = await scriptedApi({
    'PATCH /apps/hello/formation': { headers: { 'Twelve-Change': 'c1' }, body: [] },
    'GET /apps/hello/process-changes/c1': { body: { status: 'expired', superseded_by: { id: 'c2' } } },
    'GET /apps/hello/process-changes/c2': { body: { status: 'failed', reason, superseded_by: null } },
  });
  const { status, err } = await twelve(['ps:scale', 'web=2', '-a', 'hello'], { url: api.url });
  expect(status).toBe(1);
  expect(err).toContain('Another change of the formation came on top of it, and is followed.');
  expect(err).toContain(
    'failed\n !     web.2 exited with status 1 before it was ready.\n !     Not applied: as before, web at 1:standard-1x.\n',
  );
});

it('counts errors by code, the newest first', async () => {
  const first = { first_at: '2026-11-23T03:00:00.000Z' };
  await using api = await scriptedApi({
    'GET /apps/hello/errors': {
      body: [
        {
          code: 'H12',
          name: 'Request timeout',
          count: 7,
          last_at: '2026-11-23T03:30:00.000Z',
          last_dyno: 'web.2',
          ...first,
        },
        {
          code: 'H14',
          name: 'No web processes running',
          count: 12,
          last_at: '2026-11-23T04:00:00.000Z',
          last_dyno: null,
          ...first,
        },
      ],
    },
    'GET /apps/quiet/errors': { body: [] },
  });
  const { out } = await twelve(['apps:errors', '-a', 'hello'], { url: api.url });
  expect(out.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^Code +Name +Count +Last +Process$/),
    expect.stringMatching(/^H14 +No web processes running +12 +2026\/11\/2\d .* ago\)$/),
    expect.stringMatching(/^H12 +Request timeout +7 +2026\/11\/2\d .* ago\) +web\.2$/),
  ]);
  const quiet = await twelve(['apps:errors', '-a', 'quiet'], { url: api.url });
  expect(quiet.out).toBe('The log of quiet tells of no errors.\n');
});

it('a server that does not tell what becomes of it is not taken at its word', async () => {
  await using api = await scriptedApi({ 'DELETE /apps/hello/dynos': { status: 202 } });
  const { status, err } = await twelve(['ps:restart', '-a', 'hello'], { url: api.url });
  expect(status).toBe(1);
  expect(err).toContain('this server does not tell what becomes of it. See what runs: twelve ps -a hello');
});

it('restarts and stops by the right paths, and waits for what comes of it', async () => {
  const answer = { status: 202, headers: { 'Twelve-Change': 'c1' } };
  await using api = await scriptedApi({
    'DELETE /apps/hello/dynos': answer,
    'DELETE /apps/hello/dynos/web.1': answer,
    'DELETE /apps/hello/formations/web': answer,
    'POST /apps/hello/dynos/run.1/actions/stop': { status: 202 },
    'POST /apps/hello/formations/web/actions/stop': answer,
    'GET /apps/hello/process-changes/c1': { body: { status: 'succeeded' } },
  });
  for (const argv of [
    ['ps:restart'],
    ['restart', 'web.1'],
    ['ps:restart', 'web'],
    ['ps:stop', 'run.1'],
    ['ps:stop', 'web'],
  ])
    expect(await twelve([...argv, '-a', 'hello'], { url: api.url })).toMatchObject({ status: 0 });
  expect(api.asked.filter(({ method }) => method === 'GET')).toHaveLength(4);
});

it('a type of which nothing runs is named, also where others run', async () => {
  await using api = await scriptedApi({ 'GET /apps/hello/dynos': { body: [dyno('web.1')] } });
  const said = async (...types: string[]) =>
    (await twelve(['ps', ...types, '-a', 'hello'], { url: api.url })).out;
  expect(await said('worker')).toBe(
    'No worker process runs for hello. Scale it: twelve ps:scale worker=1 -a hello\n',
  );
  expect(await said('worker', 'clock')).toBe(
    'No worker or clock process runs for hello. Scale it: twelve ps:scale worker=1 clock=1 -a hello\n',
  );
});

it.each([
  ['example.com', 'ALIAS or A'],
  ['www.example.com', 'CNAME'],
  ['*.example.com', 'CNAME'],
  ['*.example.co.uk', 'CNAME'],
  ['www.example.co.uk', 'CNAME'],
  ['shop.example.de', 'CNAME'],
  ['example.co.uk', 'CNAME (ALIAS or A at the top of a domain)'],
])('%s has a DNS record of the kind %s', (name, kind) => {
  expect(recordType(name)).toBe(kind);
});

it('lists releases with what became of them', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello/releases': {
      body: [release(3, { status: 'failed', description: 'Deploy abc' }), release(2, { current: true })],
    },
  });
  const { out } = await twelve(['releases', '-n', '2', '-a', 'hello'], { url: api.url });
  expect(out).toContain('=== hello Releases - Current: v2\n\n');
  expect(out).toMatch(/^v3 {2}Deploy abc \(failed\) {2}admin@localhost {2}2026/m);
  expect(out).toMatch(/^v2 {2}Change 2 {13}admin/m);
  expect(api.asked[0]!.headers['range']).toBe('version ..; max=2, order=desc');
  const json = await twelve(['releases', '--json', '-a', 'hello'], { url: api.url });
  expect(JSON.parse(json.out)).toHaveLength(2);
});

const slug = (id: string, types: Record<string, string>, commit: string): Slug => ({
  id,
  commit,
  commit_description: 'Subject',
  process_types: types,
  size: 1,
});

it('shows what differs between releases, values only when asked', () => {
  const from = {
    release: release(3) as Release,
    slug: slug('s1', { web: 'node a.js', clock: 'node c.js' }, 'aaaaaaaaaaaa'),
    config: { SAME: '1', OLD: 'gone', TOKEN: 'before' },
  };
  const to = {
    release: release(5) as Release,
    slug: slug('s2', { web: 'node b.js' }, 'bbbbbbbbbbbb'),
    config: { SAME: '1', TOKEN: 'after', NEW: 'n' },
  };
  const hidden = renderDiff(diffReleases(from, to, false), false);
  expect(hidden).toBe(
    [
      'v3 → v5',
      '',
      '=== Code',
      '- commit: aaaaaaaa Subject',
      '+ commit: bbbbbbbb Subject',
      '- slug: s1',
      '+ slug: s2',
      '',
      '=== Process types',
      '- clock: node c.js',
      '- web: node a.js',
      '+ web: node b.js',
      '',
      '=== Config vars',
      '+ NEW=********',
      '- OLD=********',
      '- TOKEN=********',
      '+ TOKEN=********',
      '',
    ].join('\n'),
  );
  expect(JSON.stringify(diffReleases(from, to, false))).not.toContain('after');
  expect(renderDiff(diffReleases(from, to, true), false)).toContain('- TOKEN=before\n+ TOKEN=after');
  expect(renderDiff(diffReleases(from, from, false), true)).toContain('Nothing differs');
});

it('diffs and shows releases over the API, also before the first push', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello/releases': { body: [release(5)] },
    'GET /apps/hello/releases/1': { body: release(1, { slug: null }) },
    'GET /apps/hello/releases/1/config-vars': { body: {} },
    'GET /apps/hello/releases/5': { body: release(5, { current: true, reason: 'a\n  b' }) },
    'GET /apps/hello/releases/5/config-vars': { body: { TOKEN: 'hidden' } },
    'GET /apps/hello/slugs/slug-5': { body: slug('slug-5', { web: 'npm start' }, 'abcdef0123') },
  });
  const options = { url: api.url };
  const diff = await twelve(['releases:diff', 'v1', '5', '-a', 'hello'], options);
  expect(diff.out).toContain('+ web: npm start');
  expect(diff.out).toContain('+ TOKEN=********');
  const info = await twelve(['releases:info', '-a', 'hello'], options);
  expect(info.out).toMatch(/^Status: +succeeded, serves now$/m);
  expect(info.out).toMatch(/^Commit: +abcdef01 Subject$/m);
  expect(info.out).toMatch(/^TOKEN: {2}\*{8}$/m);
  expect((await twelve(['releases:info', 'v5', '--reveal', '-a', 'hello'], options)).out).toContain('hidden');
  expect((await twelve(['releases:info', 'v5', '--json', '-a', 'hello'], options)).out).not.toContain(
    'hidden',
  );
});

it('prints config vars for people, shells and programs', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello/config-vars': { body: { LONG_NAME: "it's here", A: '1' } },
    'GET /apps/empty/config-vars': { body: {} },
  });
  const config = async (...argv: string[]) => await twelve([...argv, '-a', 'hello'], { url: api.url });
  expect((await config('config')).out).toBe(
    "=== hello Config Vars\n\nA:          1\nLONG_NAME:  it's here\n",
  );
  expect((await config('config', '-s')).out).toBe("A=1\nLONG_NAME='it'\\''s here'\n");
  expect(JSON.parse((await config('config', '--json')).out)).toEqual({ A: '1', LONG_NAME: "it's here" });
  expect((await config('config:get', 'A')).out).toBe('1\n');
  expect(await config('config:get', 'NONE')).toEqual({
    status: 1,
    out: '',
    err: ' !     hello has no config var NONE.\n',
  });
  expect((await twelve(['config', '-a', 'empty'], { url: api.url })).out).toContain('no config vars');
});

it('shows an app, and opens it by printing its URL where there is no browser', async () => {
  await using api = await scriptedApi({
    'GET /apps/hello': {
      body: {
        name: 'hello',
        web_url: 'http://hello.localhost/',
        git_url: 'http://x/hello.git',
        owner: { email: 'admin@localhost' },
        stack: { name: 'debian-13' },
        created_at: '2026-11-23T04:00:00Z',
        released_at: null,
        slug_size: 2_097_152,
        repo_size: null,
      },
    },
    'GET /apps/hello/formation': {
      body: [
        { type: 'web', quantity: 2 },
        { type: 'worker', quantity: 0 },
      ],
    },
    'GET /apps/bad': { body: { name: 'bad', web_url: 'file:///etc/passwd' } },
  });
  const { out } = await twelve(['info', 'hello'], { url: api.url });
  expect(out).toMatch(/^Dynos: +web: 2$/m);
  expect(out).toMatch(/^Slug size: +2.0 MB$/m);
  expect(out).not.toContain('Released');
  expect((await twelve(['open', '/about', '-a', 'hello'], { url: api.url })).out).toBe(
    'http://hello.localhost/about\n',
  );
  expect((await twelve(['open', '-a', 'bad'], { url: api.url })).status).toBe(1);
});

it('colours only on a terminal, and lets no text of others drive it', async () => {
  await using api = await scriptedApi({ 'GET /apps': { body: [{ name: 'hel\x1b]0;title\x07lo' }] } });
  expect((await twelve(['apps'], { url: api.url, terminal: true })).out).toBe(
    '\x1b[1m=== Apps\x1b[22m\n\nhello\n',
  );
  const plain = await twelve(['apps'], { url: api.url, terminal: true, env: { NO_COLOR: '1' } });
  expect(plain.out).toBe('=== Apps\n\nhello\n');
  expect(safeForTerminal('\x1b[31mred\x1b[0m\x1b[2J\r\x1b[10;3H\x07 \x9b2J\ttab\n')).toBe(
    '\x1b[31mred\x1b[0m 2J\ttab\n',
  );
});

it('writes ages and sizes as people say them', () => {
  const ago = (seconds: number): string => age(new Date(now - seconds * 1000).toISOString(), now);
  expect([ago(5), ago(300), ago(7200), ago(3 * 86_400), ago(-5)]).toEqual([
    '~ 5s ago',
    '~ 5m ago',
    '~ 2h ago',
    '~ 3d ago',
    '~ 0s ago',
  ]);
  expect([size(12), size(2048), size(5_000_000), size(null)]).toEqual(['12 B', '2.0 KB', '4.8 MB', '']);
});
