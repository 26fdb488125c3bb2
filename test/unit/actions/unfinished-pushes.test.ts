// What becomes of pushes that a killed server left between their release and their branch.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClaims } from '../../../platform/actions/claims.ts';
import type { Platform } from '../../../platform/actions/context.ts';
import { finishPushes } from '../../../platform/actions/unfinished-pushes.ts';
import { type App, parseAppName } from '../../../platform/domain/app.ts';
import type { Release, ReleaseCause } from '../../../platform/domain/release.ts';
import { createNotice } from '../../../platform/processes/notice.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { createMemoryEngine } from '../../support/memory-engine.ts';
import { plainSlug } from '../../support/plain-slug.ts';

const [older, newer] = ['a'.repeat(40), 'b'.repeat(40)];
let folder: string;
let store: Store;
let app: App;
let userId: string;
let notes: string[];
let moved: string[];
let stuck: boolean;
let told: unknown[];
let platform: Platform;
const ends = createNotice();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-pushes-'));
  store = openStore({ folder, create: true });
  userId = store.users.create('ada@example.com').id;
  app = store.apps.create(parseAppName('hello'), userId, 'debian-13');
  notes = [];
  moved = [];
  stuck = false;
  told = [];
  platform = {
    store,
    instance: 'mine',
    config: { keepReleases: 10 },
    claims: createClaims(Date.now),
    engine: createMemoryEngine(),
    slugs: { collect: async () => ({ blobs: 0, bytes: 0, images: [] }) },
    currentImages: async () => [],
    git: {
      unfinished: async () =>
        notes.map((commit) => ({
          branch: 'main',
          commit,
          forget: async () => void notes.splice(notes.indexOf(commit), 1),
        })),
      moveBranch: async (_app: string, to: { branch: string; commit: string }) => {
        if (stuck) throw new Error('Unable to create main.lock: File exists.');
        moved.push(`${to.branch} ${to.commit}`);
      },
    },
    log: { warn: (...what: unknown[]) => told.push(...what) },
    processes: {
      settled: (id: string, signal: AbortSignal) =>
        ends.until(() => store.releases.byId(id)?.status !== 'pending', signal),
    },
  } as unknown as Platform;
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function append(cause: ReleaseCause, commit: string, slugId?: string): Release {
  const slug = slugId ?? store.slugs.insert(plainSlug(app.id, { commit })).id;
  const version = (store.releases.newest(app.id)?.version ?? 0) + 1;
  return store.releases.append(app.id, userId, {
    ...{ version, slugId: slug, config: {}, cause, description: 'x', commit },
  });
}

function end(release: Release, status: 'succeeded' | 'failed' | 'expired'): void {
  store.releases.end(release.id, status, status === 'succeeded' ? null : 'a reason');
  ends.tell();
}

const finish = (): Promise<void> => finishPushes(platform, new AbortController().signal);

test('the branch goes where the release is that serves', async () => {
  end(append('push', older), 'succeeded');
  end(append('push', newer), 'succeeded');
  notes = [newer];
  await finish();
  expect(moved).toEqual([`main ${newer}`]);
  expect(notes).toEqual([]);
});

test('a rollback since then changes nothing about what was pushed last', async () => {
  const first = append('push', older);
  end(first, 'succeeded');
  end(append('push', newer), 'succeeded');
  end(append('rollback', older, first.slugId!), 'succeeded');
  notes = [newer];
  await finish();
  expect(moved).toEqual([`main ${newer}`]);
});

test.each(['failed', 'none'])('the branch stays where the release %s', async (how) => {
  end(append('push', older), 'succeeded');
  if (how === 'failed') end(append('push', newer), 'failed');
  notes = [newer];
  await finish();
  expect(moved).toEqual([]);
  expect(notes).toEqual([]);
});

test('a pending one keeps its app claimed until it has ended, and is followed to what carries it', async () => {
  const push = append('push', newer);
  notes = [newer, older];
  await finish();
  expect(() => platform.claims.take(app, 'bob')).toThrow(/ada@example\.com is deploying hello since/);
  const config = append('config', newer, push.slugId!);
  end(push, 'expired');
  expect(moved).toEqual([]);
  end(config, 'succeeded');
  await expect.poll(() => notes).toEqual([]);
  expect(moved).toEqual([`main ${newer}`]);
  await expect.poll(() => platform.claims.take(app, 'bob')).toBeDefined();
});

test('a pending one that fails in the end leaves the branch where it is, and its slug goes', async () => {
  const push = append('push', newer);
  notes = [newer];
  await finish();
  end(push, 'failed');
  await expect.poll(() => notes).toEqual([]);
  expect(moved).toEqual([]);
  await expect.poll(() => store.slugs.byId(push.slugId!)?.removedAt).not.toBeNull();
});

test('a branch that cannot be moved is told, and its note stays for the next start', async () => {
  end(append('push', newer), 'succeeded');
  notes = [newer];
  stuck = true;
  await finish();
  expect(told).toContainEqual({ app: 'hello', error: expect.stringContaining('main.lock') });
  expect(notes).toEqual([newer]);
  stuck = false;
  await finish();
  expect([moved, notes]).toEqual([[`main ${newer}`], []]);
});
