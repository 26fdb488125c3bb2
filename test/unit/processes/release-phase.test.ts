// The release command: its time, its turns, and when it is left out.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Release } from '../../../platform/domain/release.ts';
import {
  app,
  append,
  begin,
  ended,
  engine,
  processes,
  running,
  startAgain,
  store,
  until,
  untilRunning,
  userId,
} from './ground.ts';

const commands = () => engine.containers().filter((one) => one.spec.labels['twelve.kind'] === 'release');
const begun = () => engine.calls.filter((call) => call.startsWith('create') && call.includes('release.1'));
const onRelease = (behaviour: Parameters<typeof engine.behave>[0]) =>
  engine.behave((spec) => (spec.labels['twelve.kind'] === 'release' ? behaviour(spec) : undefined));

function appendSame(of: Release, cause: 'config' | 'rollback'): Release {
  const release = store.transaction(() =>
    store.releases.append(app.id, userId, {
      version: store.releases.newest(app.id)!.version + 1,
      slugId: of.slugId,
      config: {},
      cause,
      description: cause,
      commit: null,
    }),
  );
  processes.released(app.id);
  return release;
}

test('one that does not end in its time fails the release, with its last lines; nothing of it stays', async () => {
  startAgain({ releasePhaseTimeoutMs: 2000 });
  await begin();
  await ended(append({ web: 'w' }));
  onRelease(() => ({ prints: ['migrating for ever'] }));
  const failed = await ended(append({ web: 'w', release: 'r' }));
  expect(failed.status).toBe('failed');
  expect(failed.reason).toContain('did not end within 2 seconds, so v2 was not started');
  expect(failed.reason).toContain('migrating for ever');
  await until(() => commands().length === 0, 'no release process');
  await untilRunning(['web.1 v1']);
});

test('its time goes on over a restart of the server', async () => {
  startAgain({ releasePhaseTimeoutMs: 60_000 });
  await begin();
  onRelease(() => ({}));
  const release = append({ web: 'w', release: 'r' });
  await until(() => commands().length === 1, 'begun');
  await sleep(1000);
  void processes.close();
  startAgain({ releasePhaseTimeoutMs: 1000 });
  const since = Date.now();
  await begin();
  expect((await ended(release)).reason).toContain('did not end within 1 seconds');
  expect(Date.now() - since).toBeLessThan(900);
  expect(begun()).toHaveLength(1);
});

test('a newer release begins its own once that of the older has ended, also after a kill', async () => {
  await begin();
  onRelease(() => ({ termMs: 500 }));
  append({ web: 'w', release: 'r' });
  await until(() => commands().some((one) => one.details.state === 'running'), 'the first runs');
  void processes.close();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, commands().filter((one) => one.details.state === 'running').length);
  }, 1);
  startAgain();
  const newer = append({ web: 'w', release: 'r' });
  onRelease(() => ({ exitAfterMs: 50 }));
  await begin();
  expect((await ended(newer)).status).toBe('succeeded');
  clearInterval(watch);
  expect(begun()).toHaveLength(2);
  expect(most).toBe(1);
});

test('a config change and a rollback leave it out', async () => {
  await begin();
  onRelease(() => ({ exitAfterMs: 10 }));
  const first = append({ web: 'w', release: 'r' });
  await ended(first);
  await ended(append({ web: 'w', release: 'r' }));
  expect(begun()).toHaveLength(2);
  expect((await ended(appendSame(store.releases.base(app.id)!, 'config'))).status).toBe('succeeded');
  expect((await ended(appendSame(first, 'rollback'))).status).toBe('succeeded');
  expect(begun()).toHaveLength(2);
  expect(running()).toEqual(expect.arrayContaining(['web.1 v4']));
});

test('a release command that fails the first release leaves no network', async () => {
  await begin();
  onRelease(() => ({ exitAfterMs: 0, exitCode: 1 }));
  expect((await ended(append({ web: 'w', release: 'r' }))).status).toBe('failed');
  await until(() => commands().length === 0, 'no release process');
  for (let n = 0; n < 100 && (await engine.connect().networks()).length > 0; n++) await sleep(10);
  expect(await engine.connect().networks()).toEqual([]);
});
