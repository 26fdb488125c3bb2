// A memory hog, a fork bomb and a spinner in one app, and how another app's visitors are served meanwhile.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { beside, type Figures, figuresOf, hogLimits, hogs, type Loudness } from '../support/hogs.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

const files = { Procfile: 'web: exec python3 -m http.server $PORT\n', 'index.html': 'served\n' };

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startPlatform({ TWELVE_STOP_TIMEOUT: '3', TWELVE_DRAIN_TIMEOUT: '2' });
  for (const app of ['probe', 'neighbour'])
    await platform.push(await platform.createApp(app, null, { files }));
  await must(platform.cli(['ps:scale', 'web=2', '-a', 'neighbour']));
});
afterAll(() => platform?.[Symbol.asyncDispose]());

test.each(hogs)(
  '$name stays in its limits, and a neighbour answers as before',
  async ({ command, atWork }) => {
    let name = '';
    let container = '';
    const figures = (): Promise<Figures> => figuresOf(container);
    const loudness: Loudness = {
      async start() {
        name = (await must(platform.cli(['run:detached', '-a', 'probe', command]))).stdout.trim();
        container = (await platform.containers('probe', 'run'))[0]!.id;
        const before = await eventually(figures, ({ cpu_stats }) => cpu_stats.cpu_usage.total_usage > 0);
        await eventually(figures, (now) => atWork(now, before));
      },
      async look() {
        const { pids_stats, memory_stats } = await figures();
        expect(pids_stats.current).toBeGreaterThan(0);
        expect(pids_stats.current).toBeLessThanOrEqual(hogLimits.pids);
        expect(memory_stats.usage).toBeLessThanOrEqual(hogLimits.memory);
      },
      async stop() {
        await must(platform.cli(['ps:stop', name, '-a', 'probe']));
        await eventually(
          () => platform.containers('probe', 'run'),
          (left) => left.length === 0,
        );
      },
    };
    const visits = async (): Promise<void> => {
      expect((await platform.visit('neighbour')).text).toBe('served\n');
    };
    expect(await beside(loudness, visits, 2)).toBeLessThanOrEqual(2);
  },
);
