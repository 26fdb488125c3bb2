// cron: what it shows and asks for.
import { expect, it } from 'vitest';
import { renderCron } from '../../../platform/cli/render-cron.ts';
import type { CronEntry } from '../../../platform/cli/v3.ts';
import { scriptedApi, twelve } from './scripted.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const entry = (more: Partial<CronEntry>): CronEntry => ({
  ...{ id: '1f0c9d2e', command: 'npm run send', schedule: '0 3 * * *', timezone: 'UTC' },
  ...{ concurrency_policy: 'allow', state: 'suspended', next_run_at: null, last_run: null },
  ...{ skipped: 0, missed: null },
  ...more,
});
const ran = (more: Partial<NonNullable<CronEntry['last_run']>>): Partial<CronEntry> => ({
  last_run: {
    ...{ dyno: 'run.4821', due_at: null, started_at: '2026-01-01T11:00:00Z' },
    ...{ ended_at: '2026-01-01T11:01:00Z', exit_status: 0, failure: null },
    ...more,
  },
});
const missed = { count: 3, more: false, from: '2026-01-01T09:00:00Z', to: '2026-01-01T10:00:00Z' };
const cells = (one: CronEntry): string[] => renderCron([one], now).split('\n')[1]!.split(/ {2,}/);

it('shows a row for each entry, in columns', () => {
  const text = renderCron(
    [entry({}), entry({ id: '77aa00bb', command: 'bin/a\n  b', state: 'maintenance' })],
    now,
  );
  expect(text.split('\n')).toEqual([
    'id        schedule   zone  next run                 last run  command',
    '1f0c9d2e  0 3 * * *  UTC   suspended                -         npm run send',
    '77aa00bb  0 3 * * *  UTC   not in maintenance mode  -         bin/a b',
    '',
  ]);
});

it.each<[Partial<CronEntry>, string]>([
  [ran({}), 'exit 0 (~ 1h ago)'],
  [ran({ exit_status: 137 }), 'exit 137 (~ 1h ago)'],
  [{ ...ran({ exit_status: null, ended_at: null }), skipped: 2 }, 'runs as run.4821 (~ 1h ago), 2 left out'],
  [ran({ exit_status: null, ended_at: null, dyno: null }), 'begins (~ 1h ago)'],
  [ran({ exit_status: null, failure: 'the engine is away' }), 'failed (~ 1h ago)'],
])('says of the last run: %#', (more, expected) => {
  expect(cells(entry(more))[4]).toBe(expected);
});

it('says what was missed until it has run again, and why a run failed', () => {
  const below = (one: CronEntry): string[] => renderCron([one], now).split('\n').slice(2, -1);
  const local = (iso: string): string => cells(entry({ next_run_at: iso, state: 'scheduled' }))[3]!;
  expect(below(entry({ missed }))).toEqual([
    '',
    `1f0c9d2e: missed 3 runs between ${local(missed.from)} and ${local(missed.to)}`,
  ]);
  expect(below(entry({ missed, ...ran({}) }))).toEqual([]);
  expect(below(entry({ missed, ...ran({ started_at: '2026-01-01T08:00:00Z' }) }))).toHaveLength(2);
  expect(below(entry(ran({ exit_status: null, failure: 'no' })))).toEqual(['', '1f0c9d2e: no']);
});

it('runs one, and suspends and resumes one or all', async () => {
  const done = { body: [] };
  await using api = await scriptedApi({
    'POST /apps/hello/cron/1f0c9d2e/actions/run': { status: 201, body: { name: 'run.4821' } },
    'POST /apps/hello/cron/1f0c9d2e/actions/suspend': done,
    'POST /apps/hello/cron/actions/suspend': done,
    'POST /apps/hello/cron/actions/resume': done,
    'GET /apps/hello/cron': done,
  });
  const say = async (...words: string[]) => await twelve([...words, '-a', 'hello'], { url: api.url });
  expect(await say('cron:run', '1f0c9d2e')).toMatchObject({
    status: 0,
    out: 'run.4821\n',
    err: 'Running 1f0c9d2e of hello... done, run.4821\nIts output: twelve logs -p run.4821 -a hello\n',
  });
  expect((await say('cron:suspend', '1f0c9d2e')).err).toBe('Suspending 1f0c9d2e of hello... done\n');
  expect((await say('cron:suspend')).err).toBe('Suspending all cron entries of hello... done\n');
  expect((await say('cron:resume')).err).toBe('Resuming all cron entries of hello... done\n');
  expect((await say('cron')).out).toContain('no cron entries. They are declared in its app.json.');
  expect(await say('cron', '--json')).toMatchObject({ status: 0, out: '[]\n' });
  expect(await say('cron:run')).toMatchObject({ status: 2 });
});
