// Cron entries of app.json as users meet them: a refused one, the list, one run now, suspending, a killed server.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppRepository, must } from '../support/app-repository.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

let platform: TestPlatform;
let app: AppRepository;

const cronFile = (...cron: object[]): Record<string, string> => ({ 'app.json': JSON.stringify({ cron }) });
const yearly = (command: string, more: object = {}) => ({ command, schedule: '@yearly', ...more });

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '3' });
  app = await platform.createApp('timed', null, {
    files: {
      Procfile: 'worker: sleep 100000\nsend: echo sent by $DYNO with $GREETING; exit 3\n',
      ...cronFile(
        yearly('send', { timezone: 'Europe/Berlin' }),
        yearly('echo begun; sleep 100000', { concurrency_policy: 'forbid' }),
      ),
    },
    config: { GREETING: 'hi' },
  });
  await platform.push(app);
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const twelve = (...args: string[]) => platform.cli(args, { cwd: app.folder });
interface Entry {
  id: string;
  command: string;
  state: string;
  next_run_at: string | null;
  last_run: { dyno: string; ended_at: string | null; exit_status: number | null } | null;
}
const entries = async (): Promise<Entry[]> =>
  JSON.parse((await must(twelve('cron', '--json'))).stdout) as Entry[];
const idOf = async (command: string): Promise<string> =>
  (await entries()).find((one) => one.command.startsWith(command))!.id;

test('an entry that cannot be used refuses the push, and what serves goes on', async () => {
  await app.commit(cronFile({ command: 'send', schedule: '61 * * * *' }));
  const refused = await platform.git(['push', 'platform', 'main'], { cwd: app.folder });
  expect(refused.status).not.toBe(0);
  expect(refused.stderr.replaceAll(/\s*\nremote: +!? */g, ' ')).toContain(
    'app.json: cron entry 1 ("send"): schedule: "61 * * * *" cannot be read',
  );
  expect(await entries()).toHaveLength(2);
});

test('one that is run now runs as a one-off process: its output is in the log, its status in the list', async () => {
  const id = await idOf('send');
  const name = (await must(twelve('cron:run', id))).stdout.trim();
  const [ran] = await eventually(entries, ([first]) => first?.last_run?.ended_at != null);
  expect(ran!.last_run).toMatchObject({ dyno: name, exit_status: 3 });
  expect(ran!.next_run_at).toMatch(/-12-31T23:00:00Z$/);
  const log = (await twelve('logs', '-p', name)).stdout;
  expect(log).toContain(`app[${name}]: sent by ${name} with hi`);
  expect(log).toContain(`twelve[${name}]: Process exited with status 3`);
  expect((await twelve('logs', '-p', 'cron')).stdout).toContain(
    `twelve[cron]: Run of ${id}, on request: ${name}`,
  );
  const row = (await must(twelve('cron'))).stdout.split('\n').find((line) => line.startsWith(id));
  expect(row).toMatch(/@yearly +Europe\/Berlin +20\d\d\/.* exit 3 \(~ \d+s ago\) +send$/);
  await eventually(
    () => platform.containers('timed', 'run'),
    (left) => left.length === 0,
  );
});

test('where only one may run, a killed server changes nothing about that', async () => {
  const id = await idOf('echo begun');
  const name = (await must(twelve('cron:run', id))).stdout.trim();
  await platform.restart({ signal: 'SIGKILL' });
  const refused = await twelve('cron:run', id);
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(`${name} still runs`) });
  expect(await platform.containers('timed', 'run')).toHaveLength(1);
  await must(twelve('ps:stop', name));
  const all = await eventually(entries, (found) => found[1]?.last_run?.ended_at != null);
  expect(all[1]!.last_run).toMatchObject({ dyno: name, exit_status: 143 });
  await eventually(
    () => platform.containers('timed', 'run'),
    (left) => left.length === 0,
  );
});

test('one or all are suspended, over a restart too, and resumed', async () => {
  const id = await idOf('send');
  const states = async (): Promise<string[]> => (await entries()).map(({ state }) => state);
  await must(twelve('cron:suspend', id));
  await platform.restart();
  expect(await states()).toEqual(['suspended', 'scheduled']);
  await must(twelve('cron:suspend'));
  expect(await states()).toEqual(['suspended', 'suspended']);
  const refused = await twelve('cron:resume', id);
  expect(refused).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Resume them first: twelve cron:resume'),
  });
  await must(twelve('cron:resume'));
  expect(await states()).toEqual(['scheduled', 'scheduled']);
  await must(twelve('maintenance:on'));
  expect(await states()).toEqual(['maintenance', 'maintenance']);
  await must(twelve('maintenance:off'));
  const missing = await twelve('cron:run', 'deadbeef');
  expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining('no cron entry "deadbeef"') });
});
