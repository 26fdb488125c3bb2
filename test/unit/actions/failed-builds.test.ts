// A build whose end cannot be stored, since another program holds the database: told at once, stored when that is over.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildSource } from '../../../platform/actions/build-source.ts';
import { cancelBuild } from '../../../platform/actions/builds.ts';
import { deploy, withoutPusher } from '../../../platform/actions/deploy.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { createGround, type Ground } from './ground.ts';

const held = new PlatformError('service_unavailable', 'Another program holds the database.');
const buildId: string = randomUUID();

let ground: Ground;
let removed: string[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  removed = [];
  const sources = {
    keepFor: () => undefined,
    provide: async () => undefined,
    remove: async (id: string) => void removed.push(id),
  };
  ground = createGround({ sources: sources as never });
  holdDatabase(3);
});
afterEach(() => {
  ground[Symbol.dispose]();
  vi.useRealTimers();
});

/** From packing on, and for so many attempts to store how it ended. */
function holdDatabase(attempts: number): void {
  const { platform, store } = ground;
  const { fail } = store.builds;
  platform.slugs.pack = async () => {
    throw held;
  };
  store.builds.fail = (...given) => {
    attempts -= 1;
    if (attempts >= 0) throw held;
    fail(...given);
  };
}

const status = (id = buildId): string | undefined => ground.store.builds.byId(id)?.status;
const fetchSource = async (): Promise<undefined> => undefined;
const begin = (lines: string[] = []): Promise<void> =>
  deploy(ground.platform, ground.app, ground.caller, {
    ...{ ...withoutPusher, buildId, cause: 'push', commit: null, description: 'Deploy', fetchSource },
    ...{ commitDescription: null, write: (line) => lines.push(line) },
  });

test('all is said at once, the app can be deployed again, and the build has failed once it can be stored', async () => {
  const lines: string[] = [];
  await expect(begin(lines)).rejects.toMatchObject({ message: held.message, details: { shown: true } });
  expect(lines.slice(-2)).toEqual([` !     ${held.message}`, expect.stringMatching(/^ ! {5}Build failed: /)]);
  ground.platform.claims.take(ground.app, 'somebody').release();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(status()).toBe('pending');
  await vi.advanceTimersByTimeAsync(6_000);
  expect(ground.store.builds.byId(buildId)).toMatchObject({ status: 'failed', reason: held.message });
  expect(ground.problems).toContainEqual({ build: buildId, error: held.message });
});

test('who cancels it until then waits for its end', async () => {
  await expect(begin()).rejects.toThrow(held.message);
  let told = '';
  const cancelling = cancelBuild(ground.platform, buildId, ground.caller).then(() => {
    told = String(status());
  });
  await vi.advanceTimersByTimeAsync(9_000);
  expect(told).toBe('');
  await vi.advanceTimersByTimeAsync(6_000);
  await cancelling;
  expect(told).toBe('failed');
  await expect(cancelBuild(ground.platform, buildId, ground.caller)).rejects.toThrow(
    'This build has failed already',
  );
});

test('its source is kept until then, and goes then', async () => {
  const { platform, app, caller, store } = ground;
  const source = { sent: null, url: 'https://example.com/a.tgz?token=secret' };
  const { buildId: id, done } = await buildSource(platform, app, caller, {
    ...{ ...source, version: null, description: null, checksum: null },
  });
  done.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(9_000);
  expect([status(id), removed]).toEqual(['pending', []]);
  await vi.advanceTimersByTimeAsync(6_000);
  await expect(done).rejects.toThrow(held.message);
  expect([status(id), removed]).toEqual(['failed', [id]]);
  expect(store.buildSources.of(id)).toMatchObject({ url: null });
});

test('a server that stops waits for none of it, and tries no more', async () => {
  await expect(begin()).rejects.toThrow(held.message);
  await ground.platform.running.close();
  const { length } = ground.problems;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ground.problems).toHaveLength(length);
  expect(status()).toBe('pending');
});
