// A disk that fills up, or a budget, is said once, made room on for as long as it lasts, and said to have space again.
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { watchSpace } from '../../../platform/actions/space-watch.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { requireSpace } from '../../../platform/store/space.ts';
import { eventually } from '../../support/wait.ts';
import { createGround } from './ground.ts';

it('tells when space is short and when it is there again, and collects in between', async () => {
  let least = 1;
  let collected = 0;
  using ground = createGround({ requireSpace: () => requireSpace([tmpdir()], least) });
  const { platform } = ground;
  const told: string[] = [];
  Object.assign(platform.log, {
    info: (what: unknown) => typeof what === 'string' && told.push(what),
    error: (_: unknown, what: string) => told.push(what),
  });
  Object.assign(platform.slugs, {
    collect: async () => {
      collected += 1;
      return { blobs: 0, bytes: 0, images: [] };
    },
  });
  const stop = new AbortController();
  watchSpace(platform, stop.signal, 5);
  least = 2 ** 60;
  await eventually(
    () => collected,
    (count) => count > 2,
  );
  least = 1;
  await eventually(
    () => told.length,
    (count) => count >= 2,
  );
  stop.abort();
  expect(told[0]).toMatch(/^the disk is nearly full: pushes and builds are refused, apps go on/);
  expect(told[1]).toMatch(/^there is space on the disk again/);
  expect(told).toHaveLength(2);
});

it('a disk that fills up while a budget is used up is said, too', async () => {
  let what: Record<string, string> = { budget: 'slugs' };
  const full = () => Promise.reject(new PlatformError('service_unavailable', 'No room.', what));
  using ground = createGround({ requireSpace: full });
  const stop = new AbortController();
  watchSpace(ground.platform, stop.signal, 5);
  const said = (count: number) =>
    eventually(
      () => ground.problems.filter((problem) => typeof problem === 'string'),
      (problems) => problems.length >= count,
    );
  await said(1);
  what = {};
  expect((await said(2))[1]).toMatch(/^the disk is nearly full/);
  stop.abort();
});

it('says that it is a budget which is used up', async () => {
  const full = new PlatformError('service_unavailable', 'The budget for slugs is used up.', {
    budget: 'slugs',
  });
  using ground = createGround({ requireSpace: () => Promise.reject(full) });
  const stop = new AbortController();
  watchSpace(ground.platform, stop.signal, 5);
  await eventually(
    () => ground.problems,
    (problems) => problems.length > 0,
  );
  stop.abort();
  expect(ground.problems).toEqual([
    { why: full.message },
    expect.stringMatching(/^a budget of the disk is used up: what adds to it is refused, apps go on/),
  ]);
});
