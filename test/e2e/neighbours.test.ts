// Two platforms on one engine: neither sees, let alone touches, what the other has.
import { expect, test } from 'vitest';
import { must } from '../support/app-repository.ts';
import { startPlatform } from '../support/platform.ts';
import { eventually } from '../support/wait.ts';

const files = { Procfile: 'worker: echo at work; sleep 100000\n' };

test('destroying an app of one leaves the app of the same name of the other', async () => {
  await using here = await startPlatform({ TWELVE_STOP_TIMEOUT: '3' });
  await using there = await startPlatform({ TWELVE_STOP_TIMEOUT: '3' });
  expect(here.instance).not.toBe(there.instance);
  await Promise.all(
    [here, there].map(async (platform) => {
      const app = await platform.createApp('same', null, { files });
      await platform.push(app);
      await must(platform.cli(['ps:scale', 'worker=1', '-a', 'same']));
    }),
  );
  const before = await there.containers();
  expect(before.map((one) => one.labels['twelve.kind']).sort()).toEqual(['process', 'router']);

  await must(here.cli(['apps:destroy', '--confirm', 'same']));
  await eventually(
    () => here.containers('same'),
    (left) => left.length === 0,
  );
  await here.restart({ signal: 'SIGKILL' });
  await here[Symbol.asyncDispose]();
  expect((await there.containers()).map((one) => [one.id, one.state])).toEqual(
    before.map((one) => [one.id, one.state]),
  );
  expect((await there.cli(['ps', '-a', 'same'])).stdout).toContain('worker.1: up');
  expect((await there.cli(['logs', '-a', 'same'])).stdout).toContain('at work');
});
