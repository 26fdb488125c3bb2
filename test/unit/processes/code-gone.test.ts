// A release that serves and whose code is gone, from the disk and from the engine: others take over from it all the same.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PlatformError } from '../../../platform/domain/errors.ts';
import type { Release } from '../../../platform/domain/release.ts';
import {
  app,
  append,
  begin,
  ended,
  engine,
  idOf,
  lines,
  processes,
  routed,
  running,
  startAgain,
  store,
  until,
  untilCrashed,
  untilRunning,
  userId,
} from './ground.ts';

const why =
  /^No process of hello v\d can be started: its code is gone, .* \(twelve redeploy -a hello\), .* \(twelve rollback vN -a hello; /;

/** The next server, which has none of these releases' code. */
async function startWithout(...lost: Release[]): Promise<void> {
  await processes.close();
  startAgain({
    image: async (slug) => {
      if (lost.some(({ slugId }) => slugId === slug.id))
        throw new PlatformError('gone', 'The slug 1234 is no longer stored.');
      return (await engine.image('twelve/app:1'))!.id;
    },
  });
  await begin();
}

function rollBackTo(to: Release): Release {
  const { slugId, commit } = to;
  const version = (store.releases.newest(app.id)?.version ?? 0) + 1;
  const rest = { config: {}, cause: 'rollback', description: `Rollback to v${to.version}` } as const;
  const release = store.releases.append(app.id, userId, { version, slugId, commit, ...rest });
  processes.released(app.id);
  return release;
}

test('what still runs of it serves until the next release is up', async () => {
  await begin();
  const first = await ended(append({ web: 'w' }));
  await startWithout(first);
  await until(() => lines.some((line) => why.test(line.replace('api: ', ''))), 'told');
  expect(running()).toEqual(['web.1 v1']);
  expect(await processes.missing(app.id, AbortSignal.timeout(1000))).toMatch(why);
  let interrupted = false;
  const watch = setInterval(() => {
    interrupted ||= routed.state !== 'up' || routed.processes.length === 0;
  }, 1);
  expect(await ended(append({ web: 'w' }))).toMatchObject({ status: 'succeeded', reason: null });
  clearInterval(watch);
  expect(interrupted).toBe(false);
  await untilRunning(['web.1 v2']);
  expect(store.apps.byId(app.id)?.servingVersion).toBe(2);
  expect(await processes.missing(app.id, AbortSignal.timeout(1000))).toBeNull();
});

test.each(['push', 'rollback'])(
  'where nothing of it runs any more, a %s brings the app back',
  async (way) => {
    await begin();
    const first = await ended(append({ web: 'w' }));
    const second = await ended(append({ web: 'w', worker: 'k' }));
    await untilRunning(['web.1 v2']);
    await processes.close();
    engine.crash(idOf('web.1'), 1);
    await startWithout(second);
    await untilCrashed();
    await until(
      () => lines.some((line) => /^web\.1: Could not start: .*no longer stored/.test(line)),
      'told',
    );
    const third = await ended(way === 'push' ? append({ web: 'w' }) : rollBackTo(first));
    expect(third).toMatchObject({ version: 3, status: 'succeeded' });
    await untilRunning(['web.1 v3']);
    expect(routed.state).toBe('up');
  },
);

test('a next release whose code is gone too fails, and says what is missing and what to do', async () => {
  await begin();
  const first = await ended(append({ web: 'w' }));
  await startWithout(first);
  const failed = await ended(rollBackTo(first));
  expect(failed.status).toBe('failed');
  expect(failed.reason).toMatch(why);
  expect(failed.reason).toContain('hello v2');
  expect(running()).toEqual(['web.1 v1']);
  expect(routed.state).toBe('up');
  expect((await ended(append({ web: 'w' }))).status).toBe('succeeded');
});

test('while no engine answers nothing is said to be gone, and the release waits for it', async () => {
  await begin();
  await ended(append({ web: 'w' }));
  await processes.close();
  let away = true;
  startAgain({
    image: async () => {
      if (away) throw new PlatformError('engine_unavailable', 'No container engine answers.');
      return (await engine.image('twelve/app:1'))!.id;
    },
  });
  await begin();
  const release = append({ web: 'w' });
  await sleep(200);
  expect(store.releases.byId(release.id)?.status).toBe('pending');
  expect(await processes.missing(app.id, AbortSignal.timeout(1000))).toBeNull();
  expect(lines.some((line) => line.includes('can be started'))).toBe(false);
  away = false;
  processes.released(app.id);
  expect((await ended(release)).status).toBe('succeeded');
});
