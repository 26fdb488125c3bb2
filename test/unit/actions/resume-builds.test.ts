// Builds that a stopped server left: those of a source that was given begin again, the others have failed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resumeBuilds } from '../../../platform/actions/build-source.ts';
import { createClaims } from '../../../platform/actions/claims.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { createRunningBuilds } from '../../../platform/actions/running-builds.ts';
import { createTurns } from '../../../platform/actions/turns.ts';
import { type App, parseAppName } from '../../../platform/domain/app.ts';
import { PlatformError } from '../../../platform/domain/errors.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { eventually } from '../../support/wait.ts';

let folder: string;
let store: Store;
let app: App;
let userId: string;
let printed: string[];
let built: string[];
let swept: string[];
let removed: string[];
let platform: Platform;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-resume-'));
  store = openStore({ folder, create: true });
  userId = store.users.create('ada@example.com').id;
  app = store.apps.create(parseAppName('hello'), userId, 'debian-13');
  [printed, built, swept, removed] = [[], [], [], []];
  platform = {
    ...{ store, claims: createClaims(Date.now), turns: createTurns(1), running: createRunningBuilds() },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    logs: { write: () => {} },
    reached: () => {},
    outputs: {
      open: () => ({ write: (line: string) => void printed.push(line), end: () => {} }),
      remove: () => {},
    },
    stackImage: async () => 'stack',
    builder: {
      build: async (input: { id: string; commit: string | null }) => {
        built.push(`${input.id} ${input.commit}`);
        throw new PlatformError('build_failed', 'As far as this test goes.');
      },
    },
    sources: {
      sweep: (pending: ReadonlySet<string>) => swept.push(...pending),
      remove: async (id: string) => void removed.push(id),
    },
    slugs: { collect: async () => ({ blobs: 0, images: [] }) },
    engine: { list: async () => [], images: async () => [] },
    currentImages: async () => [],
  } as unknown as Platform;
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function insert(id: string, given: boolean, starts = 1): void {
  store.builds.insert({ id, appId: app.id, userId, commit: 'v1', stack: 'debian-13' });
  if (!given) return;
  const source = { url: 'https://example.com/a.tgz?token=secret', shownUrl: 'https://example.com/a.tgz' };
  store.buildSources.insert({ buildId: id, ...source, checksum: null, description: null });
  for (let n = 1; n < starts; n++) store.buildSources.startedAgain(id);
}

const status = (id: string): string | undefined => store.builds.byId(id)?.status;

test('of a given source: built again under its id; a push has failed', async () => {
  insert('given', true);
  insert('pushed', false);
  store.builds.failPending('The server was stopped during this build. Push again.');
  expect([status('given'), status('pushed')]).toEqual(['pending', 'failed']);
  resumeBuilds(platform);
  // Before anybody else could deploy it.
  expect(() => platform.claims.take(app, 'somebody')).toThrow(/is deploying hello/);
  await eventually(
    () => status('given'),
    (now) => now === 'failed',
  );
  expect(swept).toEqual(['given']);
  expect(built).toEqual(['given v1']);
  expect(printed[0]).toContain('The server was stopped during this build, which begins again');
  expect(printed).toContain(' !     As far as this test goes.');
  await eventually(
    () => removed,
    (ids) => ids.includes('given'),
  );
  expect(store.buildSources.of('given')).toMatchObject({
    starts: 2,
    shownUrl: 'https://example.com/a.tgz',
    // It has ended: what is secret in it is not kept.
    url: null,
  });
});

test('a build that outlived three servers is not begun again', async () => {
  insert('given', true, 3);
  resumeBuilds(platform);
  await eventually(
    () => status('given'),
    (now) => now === 'failed',
  );
  expect(built).toEqual([]);
  expect(store.builds.byId('given')?.reason).toContain('stopped 3 times during this build');
});

test('nor is one whose app is gone', async () => {
  insert('given', true);
  store.apps.destroy(app.id);
  resumeBuilds(platform);
  await eventually(
    () => status('given'),
    (now) => now === 'failed',
  );
  expect(built).toEqual([]);
});

test('one that cannot begin again has failed, and its output says why', async () => {
  insert('given', true);
  platform.store.buildSources.startedAgain = () => {
    throw new PlatformError('service_unavailable', 'Another program holds the database.');
  };
  resumeBuilds(platform);
  await eventually(
    () => status('given'),
    (now) => now === 'failed',
  );
  expect([built, printed]).toEqual([[], [' !     Another program holds the database.']]);
});

test('a server that stops leaves it to the next one', async () => {
  insert('given', true);
  let begun!: () => void;
  const building = new Promise<void>((resolve) => {
    begun = resolve;
  });
  platform.builder.build = (input) => {
    begun();
    return new Promise((_, reject) =>
      input.signal.addEventListener('abort', () => reject(new Error('killed'))),
    );
  };
  resumeBuilds(platform);
  await building;
  await platform.running.close();
  expect(status('given')).toBe('pending');
  expect(printed.at(-1)).toContain('The server stops; this build begins again with it');
  expect(removed).toEqual([]);
  expect(store.buildSources.of('given')?.url).toBe('https://example.com/a.tgz?token=secret');
});
