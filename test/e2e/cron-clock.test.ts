// A cron entry of every minute on the real clock: it runs by itself, and what a downtime missed is told.
import { expect, test } from 'vitest';
import { startPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

test('an entry of every minute runs; after a downtime those it missed are told and not made up for', async () => {
  await using platform = await startPlatform();
  const cron = [{ command: 'echo tick', schedule: '* * * * *' }];
  const app = await platform.createApp('clock', null, {
    files: { Procfile: 'worker: sleep 100000\n', 'app.json': JSON.stringify({ cron }) },
  });
  await platform.push(app);
  const logs = async (): Promise<string> =>
    (await platform.cli(['logs', '-n', '1000'], { cwd: app.folder })).stdout;
  const ticks = (log: string): number => log.match(/app\[run\.\d+\]: tick$/gm)?.length ?? 0;
  await eventually(logs, (log) => ticks(log) === 1, 90_000);
  // From soon after one run to half a minute and more after the next.
  await platform.kill9();
  await new Promise((resolve) => setTimeout(resolve, 60_000 - (Date.now() % 60_000) + 35_000));
  await platform.startAgain();
  const log = await eventually(logs, (all) => all.includes('Missed'));
  expect(ticks(log)).toBe(1);
  expect(log.match(/Missed.*/g)).toEqual([
    expect.stringMatching(
      /^Missed 1 run of [0-9a-f]{8} \(echo tick\) due 20\S+Z: the server was not running\./,
    ),
  ]);
  await eventually(logs, (all) => ticks(all) === 2, 90_000);
  expect((await logs()).match(/Missed/g)).toHaveLength(1);
});
