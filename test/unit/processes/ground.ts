// What tests of the process room stand on: a store, an in-memory engine, one app; made anew for each test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import { parseAppName } from '../../../platform/domain/app.ts';
import { defaultSizes, formationWith } from '../../../platform/domain/formation.ts';
import type { HealthChecks } from '../../../platform/domain/health-check.ts';
import { formerOf, type ProcessChange } from '../../../platform/domain/process-change.ts';
import type { WrittenSettings } from '../../../platform/domain/process-settings.ts';
import type { Release } from '../../../platform/domain/release.ts';
import type { ContainerSpec } from '../../../platform/engine/engine.ts';
import { createFromSlug } from '../../../platform/processes/from-slug.ts';
import { createProcesses, type Processes } from '../../../platform/processes/manager.ts';
import type { ProcessNeeds } from '../../../platform/processes/needs.ts';
import { createOneOffs, type OneOffs } from '../../../platform/processes/one-off.ts';
import { createOneOffList } from '../../../platform/processes/one-off-list.ts';
import type { OneOffOrder } from '../../../platform/processes/one-off-spec.ts';
import type { Ask } from '../../../platform/processes/probe.ts';
import { openStore, type Store } from '../../../platform/store/store.ts';
import { createMemoryEngine, type MemoryContainer, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainSlug } from '../../support/plain-slug.ts';

let folder: string;
export let store: Store;
export let engine: MemoryEngine;
export let processes: Processes;
export let app: { id: string; name: string };
export let userId: string;
/** What the router was told last, per app. */
export let routed: { state: string; processes: string[] };
/** By key, when the router says that nobody uses an endpoint any more; at once where nothing is said. */
export const draining = new Map<string, Promise<void>>();
/** Apps that were told to have another release that serves. */
export let served: string[];
/** Images whose web process never listens. */
export const deaf = new Set<string>();

/** What the log was told of processes. */
export const lines: string[] = [];
/** What health checks are answered; all pass when nothing else is said. */
export let answers: Ask;
export const answerChecks = (next: Ask): void => {
  answers = next;
};

export const processOf = (spec: ContainerSpec): string =>
  `${spec.labels['twelve.process']} v${spec.labels['twelve.release']}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twelve-processes-'));
  store = openStore({ folder, create: true });
  const user = store.users.create('a@example.com');
  userId = user.id;
  app = store.apps.create(parseAppName('hello'), user.id, 'debian-13');
  engine = createMemoryEngine({ images: ['twelve/app:1'] });
  deaf.clear();
  lines.length = 0;
  answers = async () => ({ ok: true });
  draining.clear();
  served = [];
  routed = { state: 'nothing', processes: [] };
  processes = createProcesses(newNeeds());
});
afterEach(async () => {
  await processes.close();
  store.close();
  rmSync(folder, { recursive: true });
});

/** The next server, beside or after the one before. */
export function startAgain(otherwise: Partial<ProcessNeeds> = {}): void {
  processes = createProcesses({ ...newNeeds(), ...otherwise });
}

export function newNeeds(): ProcessNeeds {
  return {
    engine: engine.connect(),
    store,
    instance: 'test',
    networks: '10.213.0.0/16',
    sizes: defaultSizes,
    bootTimeoutMs: 400,
    stopGraceMs: 1000,
    drainMs: 30_000,
    releasePhaseTimeoutMs: 5000,
    reattachMs: 60_000,
    settleMs: 60,
    listening: async (address, deadline, signal) => {
      const found = engine.containers().find((one) => Object.values(one.details.addresses).includes(address));
      if (found && !deaf.has(found.spec.env['MODE'] ?? '')) return sleep(10).then(() => !signal.aborted);
      await sleep(deadline, undefined, { signal }).catch(() => undefined);
      return false;
    },
    ask: (check, target, signal) => answers(check, target, signal),
    image: async () => (await engine.image('twelve/app:1'))!.id,
    serve: async ({ state, endpoints }) => {
      routed = { state, processes: endpoints.map((one) => `${one.process} ${one.address}`).sort() };
    },
    drained: (key) => draining.get(key) ?? Promise.resolve(),
    logs: {
      follow: () => undefined,
      drained: async () => undefined,
      write: (_app, { process, text }) => void lines.push(`${process}: ${text}`),
      read: async () => [],
    },
    figures: { seen: () => undefined, killed: () => undefined, crashed: () => undefined },
    onServing: (appId) => void served.push(`${appId} v${store.apps.byId(appId)?.servingVersion}`),
    onCronEnded: () => undefined,
    onReleaseOutput: () => undefined,
    onReleaseEnded: () => undefined,
    onEngineBack: async () => undefined,
    reached: () => undefined,
    onProblem: () => undefined,
  };
}

/** The one-offs of a server. @param draw what their names are made with */
export function newOneOffs(needs: ProcessNeeds = newNeeds(), draw?: () => number): OneOffs {
  const { networkOf } = processes;
  const parts = { networkOf, fromSlug: createFromSlug(needs), oneOffList: createOneOffList(needs) };
  return createOneOffs({ ...needs, ...parts }, draw);
}

/** To run a command in the app as this release has it, attached. */
export const orderOf = (release: Release, command: string): OneOffOrder => ({
  app: store.apps.byId(app.id)!,
  release,
  slug: store.slugs.byId(release.slugId!)!,
  config: {},
  command,
  attached: true,
  tty: false,
  window: null,
});

export async function begin(): Promise<void> {
  await processes.adopt();
  processes.go();
}

/** Appends a release as the actions do. */
export function append(
  types: Record<string, string>,
  config: Record<string, string> = {},
  healthchecks: HealthChecks = {},
  cause: Release['cause'] = 'push',
  settings: WrittenSettings = {},
): Release {
  const release = store.transaction(() => {
    const slug = store.slugs.insert(
      plainSlug(app.id, { processTypes: types, declared: { healthchecks, settings }, commit: 'c0ffee' }),
    );
    const version = (store.releases.newest(app.id)?.version ?? 0) + 1;
    store.formations.replace(app.id, formationWith(Object.keys(types), store.formations.of(app.id)));
    return store.releases.append(app.id, userId, {
      version,
      slugId: slug.id,
      config,
      cause,
      description: 'Deploy',
      commit: 'c0ffee',
    });
  });
  processes.released(app.id);
  return release;
}

export async function ended(release: Release): Promise<Release> {
  await processes.settled(release.id, AbortSignal.timeout(5000));
  return store.releases.byId(release.id)!;
}

/** As `ps:set` does. */
export function set(settings: Record<string, string>): void {
  store.processSettings.replace(app.id, settings);
  processes.changed(app.id).catch(() => undefined);
}

export const scale = (type: string, quantity: number): void => {
  store.formations.replace(
    app.id,
    store.formations.of(app.id).map((one) => (one.type === type ? { ...one, quantity } : one)),
  );
  processes.changed(app.id).catch(() => undefined);
};
/** A restart as the actions ask for it. */
export function restart(target: string | null = null): ProcessChange {
  const change = store.processChanges.append(app.id, { kind: 'restart', former: [], target });
  processes.changes.begin(change).catch(() => undefined);
  return change;
}

/** A scale or a resize as the actions ask for it. */
export function rescale(type: string, to: { quantity?: number; size?: string }): ProcessChange {
  return rescaleAll({ [type]: to });
}

/** The same of several types at once. */
export function rescaleAll(to: Record<string, { quantity?: number; size?: string }>): ProcessChange {
  const change = store.transaction(() => {
    const before = store.formations.of(app.id);
    store.formations.replace(
      app.id,
      before.map((one) => ({ ...one, ...to[one.type] })),
    );
    const superseded = store.processChanges.pendingOf(app.id).find((one) => one.kind === 'scale');
    const made = store.processChanges.append(app.id, {
      kind: 'scale',
      former: formerOf(before, Object.keys(to), superseded),
      target: null,
    });
    if (superseded) store.processChanges.supersede(superseded.id, made.id);
    return made;
  });
  processes.changes.begin(change).catch(() => undefined);
  return change;
}

export async function outcome({ id }: ProcessChange): Promise<ProcessChange> {
  await processes.changes.settled(id, AbortSignal.timeout(5000));
  return store.processChanges.byId(id)!;
}

export const quantityOf = (type: string): string => {
  const entry = store.formations.of(app.id).find((one) => one.type === type)!;
  return `${entry.quantity}:${entry.size}`;
};

export const running = (): string[] =>
  engine
    .containers()
    .filter((one) => one.details.state === 'running')
    .map((one) => processOf(one.spec))
    .sort();

/** The container of `web.1`; of an old and a new one the old. */
export const containerOf = (name: string): MemoryContainer | undefined =>
  engine.containers().find((one) => one.spec.labels['twelve.process'] === name);
export const idOf = (name: string): string => containerOf(name)!.id;

/** From now on those that match end at their start with status 4. */
export function failing(matches: (spec: ContainerSpec) => boolean): void {
  engine.behave((spec) =>
    matches(spec) ? { exitAfterMs: 10, exitCode: 4, prints: ['last words'] } : undefined,
  );
}
export const named =
  (...names: string[]) =>
  ({ labels }: ContainerSpec): boolean =>
    names.includes(labels['twelve.process'] ?? '');

export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let n = 0; n < 300; n++) {
    if (condition()) return;
    await sleep(10);
  }
  throw new Error(`never: ${what}; running ${running().join(', ')}; routed ${JSON.stringify(routed)}`);
}
export const untilRunning = (names: string[]): Promise<void> =>
  until(() => running().join() === [...names].sort().join(), names.join());
export const untilCrashed = (): Promise<void> =>
  until(() => processes.status(app.id).some((one) => one.state === 'crashed'), 'crashed');
