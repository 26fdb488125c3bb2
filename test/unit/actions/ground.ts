// A platform for the verbs: a real store, claims and outputs; builds, slugs and processes that succeed at once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClaims } from '../../../platform/actions/claims.ts';
import type { Caller, Platform } from '../../../platform/actions/context.ts';
import { deployPush } from '../../../platform/actions/deploy.ts';
import { createOutputs } from '../../../platform/actions/output.ts';
import { createRunningBuilds } from '../../../platform/actions/running-builds.ts';
import { createTurns } from '../../../platform/actions/turns.ts';
import { type App, parseAppName } from '../../../platform/domain/app.ts';
import { nothing, readBudgets } from '../../../platform/domain/budgets.ts';
import type { Push } from '../../../platform/git/git.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { createMemoryEngine } from '../../support/memory-engine.ts';

export interface Ground extends Disposable {
  platform: Platform;
  store: Store;
  app: App;
  caller: Caller;
  /** Of the store. */
  folder: string;
  /** What was logged as a warning or an error. */
  problems: unknown[];
  /** A push of a commit, to its end. @param store stands for keeping its objects */
  push(commit: string, store?: () => Promise<void>): Promise<void>;
}

/** @param more instead of what is usual */
export function createGround(more: Partial<Platform> = {}): Ground {
  const folder = mkdtempSync(join(tmpdir(), 'twelve-actions-'));
  const store = openStore({ folder, create: true });
  const user = store.users.create('ada@example.com');
  const app = store.apps.create(parseAppName('hello'), user.id, 'debian-13');
  const problems: unknown[] = [];
  const platform = {
    store,
    instance: 'mine',
    config: {
      budgets: readBudgets(() => null),
      dataFolder: folder,
      keepReleases: 2,
      slugLimitBytes: 1e9,
      domain: 'test',
      publicUrl: null,
      apiNames: [],
      api: { host: '127.0.0.1', port: 5480 },
      apiTls: null,
      http: { port: 80 },
      https: null,
      acme: null,
    },
    engine: createMemoryEngine(),
    claims: createClaims(Date.now),
    turns: createTurns(2),
    running: createRunningBuilds(),
    outputs: createOutputs(join(folder, 'outputs')),
    log: {
      info: () => undefined,
      warn: (...what: unknown[]) => problems.push(...what),
      error: (...what: unknown[]) => problems.push(...what),
    },
    logs: { write: () => undefined },
    certificates: { changed: async () => undefined },
    reached: () => undefined,
    requireSpace: async () => undefined,
    stackImage: async () => 'stack',
    uptimeMs: () => 3_600_000,
    currentImages: async () => [],
    packagesAsOf: async () => null,
    git: { describeCommit: async () => ({ commit: '', subject: 'A change', author: '' }) },
    builder: {
      build: async () => ({
        ...{
          root: folder,
          created: [],
          processTypes: { web: 'true' },
          declared: {},
          buildpacks: [],
          configDefaults: {},
          beginning: null,
        },
        keepCache: async () => undefined,
        dispose: async () => undefined,
      }),
      makeReady: () => undefined,
      prepare: async () => undefined,
      cachedApps: async () => [],
      caches: async () => [],
      trimKept: async () => ({ buildpacks: nothing, debs: nothing }),
    },
    slugs: {
      pack: async () => ({ manifest: 'sha256:0', layers: [], size: 1 }),
      has: async () => true,
      leftovers: async () => 0,
      primed: () => [],
      imageIds: async () => [],
      collect: async () => ({ blobs: 0, bytes: 0, images: [] }),
    },
    processes: {
      released: () => undefined,
      missing: async () => null,
      settled: async (id: string) => {
        if (store.releases.byId(id)?.status !== 'pending') return;
        store.releases.end(id, 'succeeded', null);
        store.apps.setServing(app.id, store.releases.byId(id)!.version);
      },
    },
    cron: { changed: () => undefined },
    inside: { sweep: async () => undefined },
    ...more,
  } as unknown as Platform;
  return {
    platform,
    store,
    app,
    caller: { user },
    folder,
    problems,
    push: (commit, keep = async () => undefined) =>
      deployPush(platform, {
        app,
        user,
        update: { ref: 'refs/heads/main', from: '0'.repeat(40), to: commit },
        branch: 'main',
        repository: folder,
        gitEnv: {},
        signal: new AbortController().signal,
        store: keep,
        keep: () => undefined,
        write: () => undefined,
      } as unknown as Push),
    [Symbol.dispose]() {
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}
